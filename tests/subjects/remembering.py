"""An operator with everything that a crash must end, and a restart must not remember.

For each ConfigMap labelled `work` it writes what it remembers, works for 30 s, and in a `finally`
writes again, twice: by its asynchronous client, and by the blocking one in its own thread. Beside
that a thread sends a heartbeat every 10 s, and a long request is open all the time.
"""

import asyncio
import contextlib
import threading
import time
from typing import Any

import kopf
import kubernetes

from tests.subjects import metrics_library

reconciled = metrics_library.Counter("reconciled")
seen: list[str] = []
tasks: list[asyncio.Task[None]] = []


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False
    kubernetes.config.load_incluster_config()
    threading.Thread(target=_beat, daemon=True).start()
    tasks.append(asyncio.create_task(asyncio.to_thread(_hold_a_request_open)))


@kopf.on.cleanup()
async def clean_up(**_: Any) -> None:
    await asyncio.to_thread(_note, "cleanup", "done")


@kopf.on.login()
def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    return kopf.login_with_service_account(**arguments)


@kopf.on.event("v1", "configmaps", labels={"work": kopf.PRESENT})
async def work(name: str, **_: Any) -> None:
    if name in seen:
        return
    seen.append(name)
    reconciled.increase()
    try:
        await asyncio.to_thread(_note, "memory", f"{','.join(seen)} {reconciled.value}")
        await asyncio.sleep(30)
        await asyncio.to_thread(_note, "finished", name)
    finally:
        _note("finally", "written")


def _beat() -> None:
    while True:
        _note("heartbeat", str(round(time.time()) % 100_000))
        time.sleep(10)


def _hold_a_request_open() -> None:
    api = kubernetes.client.CoreV1Api()
    watch = kubernetes.watch.Watch()
    with contextlib.suppress(kubernetes.client.ApiException):
        for _ in watch.stream(api.list_namespaced_secret, "default"):
            pass


def _note(key: str, value: str) -> None:
    body = {"data": {key: value}}
    kubernetes.client.CoreV1Api().patch_namespaced_config_map("notes", "default", body)
