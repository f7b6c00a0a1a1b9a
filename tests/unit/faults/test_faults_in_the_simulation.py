"""Faults against the real pieces of the simulated cluster: nodes, kubelets, kopf processes."""

from __future__ import annotations

import asyncio

from harness.client import KindRef
from harness.faults.access import RevokeAccess
from harness.faults.container_kill import ContainerKill
from harness.faults.cordon import NodeCordon
from harness.faults.crash_loop import CrashLoop
from harness.faults.drain import NodeDrain
from harness.faults.nodes import NodeLoss
from harness.faults.pods import PodFailure, PodKill
from harness.faults.process import OperatorCrash, OperatorPause, OperatorRestart
from harness.faults.taint import NodeTaint
from harness.simulation.records import Record
from harness.subjects.spec import SubjectSpec
from harness.vocabulary import ObjectReference, Seconds
from tests.support.living import NAMESPACE, PODS_OF_DEMO, Living, living


def test_a_killed_pod_is_replaced() -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        before = set(cluster.pods())
        await cluster.inject(PodKill(select=PODS_OF_DEMO))
        await cluster.cluster.clock.sleep(10)
        assert cluster.ready_replicas == 2
        assert len(before & set(cluster.pods())) == 1

    living(body)


def test_failing_pods_are_not_ready_until_the_fault_ends() -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        await cluster.inject(PodFailure(select=PODS_OF_DEMO, mode="all"), duration=20)
        assert cluster.ready_replicas == 0
        await cluster.cluster.clock.sleep(20)
        assert cluster.ready_replicas == 2

    living(body)


def test_a_killed_container_starts_again_in_its_pod() -> None:
    def restarts(cluster: Living) -> list[int]:
        pods = cluster.pods().values()
        return sorted(pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods)

    async def body(cluster: Living) -> None:
        await cluster.deploy()
        before = set(cluster.pods())
        await cluster.inject(ContainerKill(select=PODS_OF_DEMO))
        assert cluster.ready_replicas == 2
        await cluster.cluster.clock.sleep(10)
        assert (cluster.ready_replicas, restarts(cluster)) == (2, [0, 1])
        assert set(cluster.pods()) == before

    living(body)


def test_a_crash_loop_backs_off_until_the_fault_ends_and_recovers_by_itself() -> None:
    def waiting(cluster: Living) -> list[str]:
        statuses = [pod["status"]["containerStatuses"][0] for pod in cluster.pods().values()]
        return [s["state"].get("waiting", {}).get("reason", "") for s in statuses]

    async def body(cluster: Living) -> None:
        await cluster.deploy()
        before = set(cluster.pods())
        fault = CrashLoop(select=PODS_OF_DEMO, mode="all")
        await cluster.inject(fault, duration=60)
        assert waiting(cluster) == ["CrashLoopBackOff"] * 2
        assert cluster.ready_replicas == 0
        await cluster.cluster.clock.sleep(300)
        assert (cluster.ready_replicas, set(cluster.pods())) == (2, before)

    living(body)


def test_an_operator_without_rights_is_refused_until_it_has_them_again() -> None:
    async def body(cluster: Living) -> None:
        client = cluster.cluster.client
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "plain"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "cluster-admin",
            },
            "subjects": [
                {"kind": "ServiceAccount", "name": "default", "namespace": NAMESPACE},
                {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "jane"},
            ],
        }
        made = await client.apply(binding, manager="test")
        await cluster.cluster.clock.sleep(1)
        await cluster.cluster.start_subject(SubjectSpec(module="tests.subjects.plain"))
        await cluster.cluster.clock.sleep(5)
        revoke = asyncio.create_task(cluster.inject(RevokeAccess(), duration=30))
        await cluster.inject(OperatorRestart())
        await revoke
        resource = await client.resource(KindRef(made["apiVersion"], made["kind"]))
        after = await client.get(resource, "plain")
        assert after["subjects"] == made["subjects"]
        answers = [r.data["status"] for r in cluster.cluster.recorder.records if is_answer(r)]
        assert 403 in answers

    def is_answer(record: Record) -> bool:
        return record.kind == "response" and record.actor == "subject:operator"

    living(body)


def test_a_cordoned_node_keeps_its_pods_and_gets_no_new_ones() -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        nodes = cluster.nodes_of_pods()
        cordon = asyncio.create_task(cluster.inject(NodeCordon(), duration=60))
        await cluster.cluster.clock.sleep(5)
        assert cluster.nodes_of_pods() == nodes
        (cordoned,) = cluster.nodes_with("unschedulable")
        await cluster.inject(PodKill(select=PODS_OF_DEMO, mode="all"))
        await cluster.cluster.clock.sleep(10)
        assert cluster.ready_replicas == 2
        assert cordoned not in cluster.nodes_of_pods()
        await cordon
        assert cluster.nodes_with("unschedulable") == []

    living(body)


def test_a_taint_with_no_execute_drives_the_pods_away() -> None:
    async def body(cluster: Living) -> None:
        await cluster.deploy()
        fault = asyncio.create_task(cluster.inject(NodeTaint(effect="NoExecute"), duration=60))
        await cluster.cluster.clock.sleep(45)
        (tainted,) = cluster.nodes_with("taints")
        assert cluster.ready_replicas == 2
        assert tainted not in cluster.nodes_of_pods()
        await fault
        assert cluster.nodes_with("taints") == []

    living(body)


def test_a_drained_node_loses_one_pod_at_a_time_as_the_budget_says() -> None:
    async def body(cluster: Living) -> None:
        for node in ("node-2", "node-3"):
            await cluster.cordon(node, True)
        await cluster.deploy()
        await cluster.budget(max_unavailable=1)
        await cluster.cluster.clock.sleep(1)
        for node in ("node-2", "node-3"):
            await cluster.cordon(node, None)
        fewest: list[int] = []
        cluster.cluster.recorder.follow(lambda record: fewest.append(cluster.available()))
        await cluster.inject(NodeDrain())
        await cluster.cluster.clock.sleep(10)
        assert min(fewest) == 1
        assert cluster.ready_replicas == 2
        assert "node-1" not in cluster.nodes_of_pods()

    living(body)


def test_a_lost_node_is_not_ready_until_it_comes_back() -> None:
    def readiness(cluster: Living, node: str) -> str:
        found = cluster.state.find(ObjectReference("Node", node), NAMESPACE)
        assert found is not None
        (ready,) = [c for c in found["status"]["conditions"] if c["type"] == "Ready"]
        return str(ready["status"])

    async def body(cluster: Living) -> None:
        await cluster.deploy()
        await cluster.inject(NodeLoss(node="node-2"), duration=100)
        assert readiness(cluster, "node-2") == "Unknown"
        await cluster.cluster.clock.sleep(60)
        assert readiness(cluster, "node-2") == "True"

    living(body)


def test_a_kopf_operator_is_crashed_paused_and_restarted() -> None:
    async def body(cluster: Living) -> None:
        spec = SubjectSpec(module="tests.subjects.plain")
        await cluster.cluster.clock.sleep(1)
        await cluster.cluster.start_subject(spec)
        await cluster.cluster.clock.sleep(5)
        await cluster.inject(OperatorCrash(restart_after=Seconds(3)))
        await cluster.cluster.clock.sleep(5)
        await cluster.inject(OperatorPause(), duration=5)
        await cluster.inject(OperatorRestart())
        await cluster.cluster.clock.sleep(5)
        assert cluster.life() == [
            "started",
            "crashed",
            "started",
            "paused",
            "resumed",
            "stopped",
            "started",
        ]

    living(body)
