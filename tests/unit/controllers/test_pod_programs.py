"""Pod programs: images that really serve on the simulated network, probed and routed to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from harness.client.resources import CONFIGMAPS, PODS, SERVICES
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.controllers.programs import PodContext, Program

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


async def serve(pod: PodContext, healthy: dict[str, bool]) -> int:
    """Answers every request with the pod's name; 503 while `healthy` says no."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        good = healthy.get(pod.name, True)
        body = pod.environment.get("GREETING", pod.name).encode()
        head = f"HTTP/1.1 {200 if good else 503} x\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "0.0.0.0", 8080)
    await pod.terminating.wait()
    server.close()
    return 0


def web(healthy: dict[str, bool] | None = None, *, steady: bool = False) -> Program:
    """The program behind the images `shop/*`."""

    health = {} if healthy is None else healthy

    async def main(pod: PodContext) -> int:
        return await serve(pod, health)

    return Program("web", ("shop/*",), main, steady_probes=steady)


async def ask(name: str, port: int = 80) -> str:
    """Ask over the network; the status code and the body."""
    reader, writer = await asyncio.open_connection(name, port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()
    return f"{answer[9:12]} {answer.partition(chr(13) + chr(10) * 1)[2].rpartition(chr(10))[2]}"


def container(**more: Any) -> dict[str, Any]:
    """A pod spec with one container that is a program."""
    return {"containers": [{"name": "main", "image": "shop/web:1", **more}]}


async def expose(cluster: Cluster) -> None:
    """A Service `web`."""
    ports = [{"port": 80, "targetPort": 8080}]
    spec = {"selector": {"app": "web"}, "ports": ports}
    document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    await cluster.client.create(SERVICES, document, "shop")


def template(**more: Any) -> dict[str, Any]:
    """A pod template for the Deployment `web`."""
    return {"metadata": {"labels": {"app": "web"}}, "spec": container(**more)}


def test_a_service_name_leads_to_the_ready_pods(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await expose(cluster)
        await cluster.deploy(replicas=2)
        await cluster.passes(5.0)
        names = {f"200 {pod['metadata']['name']}" for pod in await cluster.pods()}
        answers = {await ask("web.shop.svc.cluster.local") for _ in range(20)}
        assert answers == names

    simulate(story, programs=[web()])


def test_a_pod_of_a_headless_service_is_reached_by_its_hostname(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        spec = {
            "clusterIP": "None",
            "selector": {"app": "web"},
            "ports": [{"port": 8080}],
        }
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": spec}
        await cluster.client.create(SERVICES, service, "shop")
        for name in ("web-0", "web-1"):
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "labels": {"app": "web"}},
                "spec": container() | {"hostname": name, "subdomain": "web"},
            }
            await cluster.client.create(PODS, pod, "shop")
        await cluster.passes(5.0)
        for name in ("web-0", "web-1"):
            assert await ask(f"{name}.web.shop.svc", 8080) == f"200 {name}"

    simulate(story, programs=[web()])


def test_a_service_without_ready_pods_refuses_connections(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await expose(cluster)
        await cluster.passes(1.0)
        try:
            await ask("web.shop")
        except ConnectionRefusedError:
            return
        raise AssertionError("somebody answered")

    simulate(story, programs=[web()])


def test_readiness_is_what_the_probe_finds(simulate: Simulate) -> None:
    health: dict[str, bool] = {}

    async def story(cluster: Cluster) -> None:
        probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5, "failureThreshold": 2}
        await cluster.deploy(replicas=1, template=template(readinessProbe=probe))
        await cluster.passes(3.0)
        name = (await cluster.pods())[0]["metadata"]["name"]
        assert (await cluster.condition(PODS, name, "Ready"))[0] == "True"
        health[name] = False
        await cluster.passes(8.0)
        assert (await cluster.condition(PODS, name, "Ready"))[0] == "True"
        await cluster.passes(3.0)
        assert (await cluster.condition(PODS, name, "Ready"))[0] == "False"
        text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
        assert await cluster.events("Unhealthy") == [text]

    simulate(story, programs=[web(health)])


def test_a_failed_liveness_probe_restarts_the_container(simulate: Simulate) -> None:
    health: dict[str, bool] = {}

    async def story(cluster: Cluster) -> None:
        probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5, "failureThreshold": 3}
        await cluster.deploy(replicas=1, template=template(livenessProbe=probe))
        await cluster.passes(3.0)
        name = (await cluster.pods())[0]["metadata"]["name"]
        health[name] = False
        await cluster.passes(17.0)
        health[name] = True
        status = (await cluster.get(PODS, name))["status"]["containerStatuses"][0]
        assert status["restartCount"] == 1
        assert await cluster.events("Killing") == [
            "Container main failed liveness probe, will be restarted"
        ]

    simulate(story, programs=[web(health)])


def test_a_program_with_steady_probes_costs_nothing_at_rest(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
        both = {"readinessProbe": probe, "livenessProbe": probe}
        await cluster.deploy(replicas=1, template=template(**both))
        await cluster.passes(30.0)
        name = (await cluster.pods())[0]["metadata"]["name"]
        assert (await cluster.condition(PODS, name, "Ready"))[0] == "True"
        before = cluster.world.loop.time()
        await cluster.passes(3600.0)
        assert cluster.world.loop.time() == before + 3600.0

    simulate(story, programs=[web(steady=True)])


def test_a_program_that_fails_is_a_container_that_exits(simulate: Simulate) -> None:
    async def fail(pod: PodContext) -> int:
        await asyncio.sleep(1.0)
        raise ValueError("no model")

    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(4.5)
        (pod,) = await cluster.pods()
        status = pod["status"]["containerStatuses"][0]
        assert status["restartCount"] == 1
        assert status["lastState"]["terminated"]["exitCode"] == 1

    simulate(story, programs=[Program("fails", ("shop/*",), fail)])


def test_a_program_finds_its_variables_and_files(simulate: Simulate) -> None:
    seen: dict[str, Any] = {}

    async def look(pod: PodContext) -> int:
        seen.update(pod.environment)
        seen["files"] = dict(pod.volumes["/etc/model"])
        await pod.terminating.wait()
        return 0

    async def story(cluster: Cluster) -> None:
        configmap = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "model"},
            "data": {"name": "small"},
        }
        await cluster.client.create(CONFIGMAPS, configmap, "shop")
        env = [
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "MODEL", "valueFrom": {"configMapKeyRef": {"name": "model", "key": "name"}}},
            {"name": "BOTH", "value": "$(MODEL) in $(POD), $$(MODEL) $(NONE)"},
        ]
        mounts = [{"name": "model", "mountPath": "/etc/model"}]
        spec = {
            **container(env=env, volumeMounts=mounts),
            "volumes": [{"name": "model", "configMap": {"name": "model"}}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
        await cluster.client.create(PODS, pod, "shop")
        await cluster.passes(3.0)
        assert seen["POD"] == "p"
        assert seen["MODEL"] == "small"
        assert seen["BOTH"] == "small in p, $(MODEL) $(NONE)"
        assert seen["files"] == {"name": b"small"}

    simulate(story, programs=[Program("look", ("shop/*",), look)])


def test_an_emptydir_outlives_the_container_but_not_the_pod(simulate: Simulate) -> None:
    starts: list[int] = []

    async def count(pod: PodContext) -> int:
        files = pod.volumes["/data"]
        files["starts"] = files.get("starts", b"") + b"x"
        starts.append(len(files["starts"]))
        await pod.terminating.wait()
        return 0

    async def story(cluster: Cluster) -> None:
        spec = container(volumeMounts=[{"name": "data", "mountPath": "/data"}])
        spec["volumes"] = [{"name": "data", "emptyDir": {}}]
        labels = {"app": "web"}
        await cluster.deploy(replicas=1, template={"metadata": {"labels": labels}, "spec": spec})
        await cluster.passes(3.0)
        name = (await cluster.pods())[0]["metadata"]["name"]
        cluster.manager.kill_container("shop", name)
        await cluster.passes(2.0)
        await cluster.client.delete(PODS, name, "shop")
        await cluster.passes(5.0)
        assert starts == [1, 2, 1]

    simulate(story, programs=[Program("count", ("shop/*",), count)])


def test_a_program_gets_sigterm_and_its_grace_period(simulate: Simulate) -> None:
    async def linger(pod: PodContext) -> int:
        await pod.terminating.wait()
        await asyncio.sleep(4.0)
        return 0

    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(3.0)
        name = (await cluster.pods())[0]["metadata"]["name"]
        await cluster.client.delete(PODS, name, "shop")
        await cluster.passes(3.9)
        assert name in [pod["metadata"]["name"] for pod in await cluster.pods()]
        await cluster.passes(0.2)
        assert name not in [pod["metadata"]["name"] for pod in await cluster.pods()]

    simulate(story, programs=[Program("linger", ("shop/*",), linger)])


def test_pods_of_a_lost_node_cannot_be_reached(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await expose(cluster)
        await cluster.deploy(replicas=1)
        await cluster.passes(5.0)
        (pod,) = await cluster.pods()
        assert (await ask(pod["status"]["podIP"], 8080)).startswith("200")
        cluster.manager.lose_node(pod["spec"]["nodeName"])
        try:
            async with asyncio.timeout(10.0):
                await ask(pod["status"]["podIP"], 8080)
        except TimeoutError:
            cluster.manager.restore_node(pod["spec"]["nodeName"])
            assert (await ask(pod["status"]["podIP"], 8080)).startswith("200")
            return
        raise AssertionError("a lost node answered")

    simulate(story, programs=[web()])


def test_a_behaviour_with_an_end_comes_before_the_program(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        crash = PodBehaviour(exit_after_seconds=1.0, exit_code=7)
        cluster.manager.behave(PodSelector(image="shop/*"), crash)
        await cluster.deploy(replicas=1)
        await cluster.passes(4.5)
        status = (await cluster.pods())[0]["status"]["containerStatuses"][0]
        assert status["lastState"]["terminated"]["exitCode"] == 7

    simulate(story, programs=[web()])


def test_rules_of_the_cluster_also_apply_to_programs(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=1)
        await cluster.passes(20.0)
        (pod,) = await cluster.pods()
        reason = pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
        assert reason in ("ErrImagePull", "ImagePullBackOff")

    rule = BehaviourRule(PodSelector(image="shop/*"), PodBehaviour(image_exists=False))
    simulate(story, programs=[web()], behaviours=[rule])


def test_a_failed_pod_is_not_ready_although_its_program_answers(simulate: Simulate) -> None:
    async def story(cluster: Cluster) -> None:
        probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5}
        await cluster.deploy(replicas=1, template=template(readinessProbe=probe))
        await cluster.passes(5.0)
        name = (await cluster.pods())[0]["metadata"]["name"]
        undo = cluster.manager.fail_pod("shop", name)
        await cluster.passes(30.0)
        assert (await cluster.condition(PODS, name, "Ready"))[0] == "False"
        undo()
        await cluster.passes(0.1)
        assert (await cluster.condition(PODS, name, "Ready"))[0] == "True"

    simulate(story, programs=[web()])
