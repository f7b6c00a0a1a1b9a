"""An operator with two faces: it leads by a Lease, as client-go does, and only then it works.

Each two seconds it tries to take or to renew the Lease `electing`; a Lease of somebody else is left
alone until it has not changed for as long as it is good for. A leader that sees another holder
stops at once. Work is one more in the ConfigMap `work`, each second.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import time
from typing import Any

import kopf
import kubernetes
from kubernetes.client import ApiException

LEASE, NAMESPACE = "electing", "default"
LEASE_SECONDS, RETRY_SECONDS = 15, 2.0

identity = f"electing-{time.time():.0f}"
leading = asyncio.Event()
tasks: list[asyncio.Task[None]] = []


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False
    if "KUBECONFIG" in os.environ:
        kubernetes.config.load_kube_config(os.environ["KUBECONFIG"])
    else:
        kubernetes.config.load_incluster_config()
    tasks.append(asyncio.create_task(_elect()))
    tasks.append(asyncio.create_task(_work()))


@kopf.on.login()
def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    in_cluster = kopf.login_with_service_account(**arguments)
    return in_cluster or kopf.login_with_kubeconfig(**arguments)


@kopf.on.event("v1", "configmaps", labels={"nobody": "has this"})
async def nothing(**_: Any) -> None:
    """kopf wants a handler."""


async def _elect() -> None:
    observed: tuple[str, float] = ("", 0.0)  # the Lease as it was seen, and since when
    while True:
        lease = await asyncio.to_thread(_read)
        version = lease.metadata.resource_version
        if version != observed[0]:
            observed = version, time.monotonic()
        good_for = lease.spec.lease_duration_seconds or LEASE_SECONDS
        expired = time.monotonic() - observed[1] >= good_for
        if lease.spec.holder_identity in (None, "", identity) or expired:
            took = await asyncio.to_thread(_take, lease)
            leading.set() if took else leading.clear()
        else:
            leading.clear()
        await asyncio.sleep(RETRY_SECONDS)


async def _work() -> None:
    while True:
        await leading.wait()
        await asyncio.to_thread(_do_one_more)
        await asyncio.sleep(1.0)


def _read() -> Any:
    api = kubernetes.client.CoordinationV1Api()
    try:
        return api.read_namespaced_lease(LEASE, NAMESPACE)
    except ApiException as error:
        if error.status != 404:
            raise
        return api.create_namespaced_lease(NAMESPACE, {"metadata": {"name": LEASE}, "spec": {}})


def _take(lease: Any) -> bool:
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    body = {
        "metadata": {"name": LEASE, "resourceVersion": lease.metadata.resource_version},
        "spec": {
            "holderIdentity": identity,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": now,
        },
    }
    try:
        kubernetes.client.CoordinationV1Api().replace_namespaced_lease(LEASE, NAMESPACE, body)
    except ApiException as error:
        if error.status != 409:
            raise
        return False
    return True


def _do_one_more() -> None:
    api = kubernetes.client.CoreV1Api()
    done = api.read_namespaced_config_map("work", NAMESPACE).data or {}
    body = {"data": {"done": str(int(done.get("done", "0")) + 1)}}
    api.patch_namespaced_config_map("work", NAMESPACE, body)
