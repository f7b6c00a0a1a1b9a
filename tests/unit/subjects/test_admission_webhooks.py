"""Webhooks of operators and pods are called by the simulated API server, over TLS."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CONFIGMAPS, PODS, SERVICES, ResourceRef
from harness.clusters.simulated import SimulatedCluster, SimulationOptions
from harness.controllers.programs import PodContext, Program
from harness.simulation.tls import authority
from harness.simulation.world import World, run
from harness.subjects.spec import SubjectSpec
from tests.subjects import admitting

VALIDATING = ResourceRef(
    "admissionregistration.k8s.io",
    "v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    namespaced=False,
)
SUBJECT = SubjectSpec(name="admitting", module="tests.subjects.admitting", service_account="")
Story = Callable[[SimulatedCluster], Awaitable[Any]]


def simulated(story: Story, seed: str = "1", *programs: Program) -> Any:
    """What a story in a cluster with the operator returns."""

    async def main(world: World) -> Any:
        options = SimulationOptions(nodes=1, programs=programs)
        cluster = await SimulatedCluster.start(world, options)
        try:
            return await story(cluster)
        finally:
            await cluster.stop()

    return run(main, seed=seed, watchdog_seconds=0.0)


async def with_operator(cluster: SimulatedCluster) -> None:
    """Start the operator; returns when its webhooks are configured."""
    await cluster.start_subject(SUBJECT)
    while not await cluster.client.list_objects(VALIDATING):
        await cluster.clock.sleep(1)
    await cluster.clock.sleep(1)


async def create(cluster: SimulatedCluster, name: str, **data: str) -> Object:
    """A guarded ConfigMap."""
    metadata = {"name": name, "labels": {"guarded": "yes"}}
    return await cluster.client.create(CONFIGMAPS, {"metadata": metadata, "data": data}, "default")


def test_handlers_of_an_unmodified_operator_change_and_refuse() -> None:
    async def story(cluster: SimulatedCluster) -> tuple[Object, str, int]:
        await with_operator(cluster)
        stored = await create(cluster, "fine", a="b")
        with pytest.raises(ApiError) as refused:
            await create(cluster, "wrong", password="x")
        return stored, refused.value.message, refused.value.code

    stored, message, code = simulated(story)

    assert stored["metadata"]["annotations"] == {"seen-by": "operator"}
    assert message.endswith("denied the request: passwords belong into a Secret")
    assert code == 422


def test_a_crashed_operator_leaves_writes_refused_until_it_is_back() -> None:
    async def story(cluster: SimulatedCluster) -> tuple[str, Object]:
        await with_operator(cluster)
        subject = cluster.subjects["admitting"]
        subject.crash()
        with pytest.raises(ApiError) as refused:
            await create(cluster, "early", a="b")
        await subject.start()
        await cluster.clock.sleep(10)
        return refused.value.message, await create(cluster, "late", a="b")

    message, stored = simulated(story)

    assert message.startswith("Internal error occurred: failed calling webhook")
    assert message.endswith("dial tcp 127.0.0.1:9443: connect: connection refused")
    assert stored["metadata"]["annotations"] == {"seen-by": "operator"}


def test_the_same_seed_gives_the_same_journal() -> None:
    async def story(cluster: SimulatedCluster) -> list[tuple[int, str]]:
        await with_operator(cluster)
        await create(cluster, "fine", a="b")
        return [(record.time_ns, record.kind) for record in cluster.recorder.records]

    assert simulated(story) == simulated(story)


def configuration(port: int, **hook: Any) -> Object:
    """A configuration whose webhook is the Service `admitting`."""
    service = {"name": "admitting", "namespace": "default", "path": "/", "port": port}
    entry = {
        "name": "service.example.com",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {
            "service": service,
            "caBundle": base64.b64encode(authority().pem.encode()).decode(),
        },
        "rules": [
            {
                "operations": ["CREATE"],
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "resources": ["configmaps"],
            }
        ],
        "objectSelector": {"matchLabels": {"guarded": "yes"}},
    }
    return {"metadata": {"name": "by-service"}, "webhooks": [entry | hook]}


async def add_service(cluster: SimulatedCluster, target: int, **selector: str) -> None:
    """The Service `admitting`, port 443."""
    spec = {"selector": selector, "ports": [{"port": 443, "targetPort": target}]}
    await cluster.client.create(
        SERVICES, {"metadata": {"name": "admitting"}, "spec": spec}, "default"
    )


async def deny(pod: PodContext) -> None:
    """A webhook that refuses everything."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        asked = json.loads(await reader.readexactly(length))
        status = {"message": f"{pod.name} says no"}
        response = {"uid": asked["request"]["uid"], "allowed": False, "status": status}
        body = json.dumps({**asked, "response": response}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()

    context = authority().server_context(admitting.SERVICE)
    await asyncio.start_server(serve, "0.0.0.0", 8443, ssl=context)
    await pod.terminating.wait()


def test_a_service_leads_to_the_program_of_a_pod() -> None:
    async def story(cluster: SimulatedCluster) -> str:
        await add_service(cluster, 8443, app="guard")
        spec = {"containers": [{"name": "main", "image": "guard:1"}]}
        labels = {"app": "guard"}
        pod = {"metadata": {"name": "guard", "labels": labels}, "spec": spec}
        await cluster.clock.sleep(1)
        await cluster.client.create(PODS, pod, "default")
        await cluster.clock.sleep(30)
        await cluster.client.create(VALIDATING, configuration(443))
        with pytest.raises(ApiError) as refused:
            await create(cluster, "a")
        return refused.value.message

    message = simulated(story, "1", Program("guard", ("guard:*",), deny))

    assert message == ('admission webhook "service.example.com" denied the request: guard says no')


def test_a_service_of_a_replaced_deployment_leads_to_the_subject() -> None:
    async def story(cluster: SimulatedCluster) -> str:
        await with_operator(cluster)
        own = (await cluster.client.list_objects(VALIDATING))[0]
        path = own["webhooks"][0]["clientConfig"]["url"].partition(f":{admitting.PORT}")[2]
        await cluster.client.delete(VALIDATING, own["metadata"]["name"])
        await add_service(cluster, admitting.PORT, app="admitting")
        await cluster.clock.sleep(1)
        wanted = configuration(443)
        wanted["webhooks"][0]["clientConfig"]["service"]["path"] = path
        await cluster.client.create(VALIDATING, wanted)
        with pytest.raises(ApiError) as refused:
            await create(cluster, "wrong", password="x")
        return refused.value.message

    assert simulated(story).endswith("denied the request: passwords belong into a Secret")


def test_a_webhook_that_does_not_answer_is_waited_for_on_the_clusters_clock() -> None:
    async def silent(pod: PodContext) -> None:
        context = authority().server_context(admitting.SERVICE)
        await asyncio.start_server(lambda _r, _w: None, "0.0.0.0", 8443, ssl=context)
        await pod.terminating.wait()

    async def story(cluster: SimulatedCluster) -> tuple[str, float]:
        await add_service(cluster, 8443, app="guard")
        spec = {"containers": [{"name": "main", "image": "guard:1"}]}
        pod = {"metadata": {"name": "guard", "labels": {"app": "guard"}}, "spec": spec}
        await cluster.clock.sleep(1)
        await cluster.client.create(PODS, pod, "default")
        await cluster.clock.sleep(30)
        await cluster.client.create(VALIDATING, configuration(443, timeoutSeconds=7))
        before = cluster.clock.monotonic()
        with pytest.raises(ApiError) as refused:
            await create(cluster, "a")
        return refused.value.message, cluster.clock.monotonic() - before

    message, waited = simulated(story, "1", Program("guard", ("guard:*",), silent))

    assert message.endswith('/?timeout=7s": context deadline exceeded')
    assert waited == pytest.approx(7.0, abs=1e-9)
