"""Faults of nodes and pods, as commands to the containers that are kind's nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from harness.client.resources import PODS
from harness.clusters.kind.nodes import KindNodes, heal_nodes
from tests.support.api import NAMESPACE, Api, with_api
from tests.support.fake_programs import FakePrograms

CTR = ["ctr", "--namespace", "k8s.io", "tasks"]


def on(node: str, *command: str) -> list[str]:
    """A command on a node."""
    return ["docker", "exec", node, *command]


def with_nodes(body: Callable[[Api, KindNodes, FakePrograms], Awaitable[None]]) -> None:
    """Run a body with a pod `web` on node `demo-b`, whose containers are `one` and `two`."""

    async def main(api: Api) -> None:
        programs = FakePrograms()
        await api.pod("web", node="demo-b")
        await report(api, "one", "two")
        await body(
            api, KindNodes(["demo-b", "demo-a"], api.client, api.clock, run=programs), programs
        )

    with_api(main)


async def report(api: Api, *ids: str, **ended: str) -> None:
    """What a kubelet reports of the pod's containers: those that run, by id, and others."""
    statuses: list[dict[str, Any]] = [
        {"name": f"c{i}", "containerID": f"containerd://{i}", "state": {"running": {}}} for i in ids
    ]
    statuses += [
        {"name": f"c{i}", "containerID": f"containerd://{i}", "state": {state: {}}}
        for i, state in ended.items()
    ]
    change = {"status": {"containerStatuses": statuses}}
    await api.client.patch(PODS, "web", NAMESPACE, document=change, subresource="status")


def test_nodes_are_named_in_a_fixed_order() -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        assert nodes.names() == ["demo-a", "demo-b"]

    with_nodes(body)


def test_a_lost_node_has_no_kubelet_until_it_is_restored() -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        await nodes.lose("demo-a")
        await nodes.restore("demo-a")
        assert programs.commands == [
            on("demo-a", "systemctl", "stop", "kubelet"),
            on("demo-a", "systemctl", "start", "kubelet"),
        ]

    with_nodes(body)


def test_a_failing_pod_is_frozen_and_thawed() -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        recover = await nodes.fail_pod(NAMESPACE, "web")
        assert programs.commands == [on("demo-b", *CTR, "pause", i) for i in ("one", "two")]
        programs.commands.clear()
        await recover()
        assert programs.commands == [on("demo-b", *CTR, "resume", i) for i in ("one", "two")]

    with_nodes(body)


def test_a_container_that_replaces_a_frozen_one_is_frozen_too() -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        recover = await nodes.fail_pod(NAMESPACE, "web")
        await report(api, "three", two="terminated")
        programs.commands.clear()
        await api.clock.sleep(1)
        assert programs.commands == [on("demo-b", *CTR, "pause", "three")]
        await recover()
        await api.clock.sleep(5)
        assert len(programs.asked("resume")) == 3

    with_nodes(body)


def test_recovery_goes_on_when_a_frozen_container_is_gone() -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        recover = await nodes.fail_pod(NAMESPACE, "web")
        programs.fail("resume one", "no such task")
        await recover()
        assert len(programs.asked("resume")) == 2

    with_nodes(body)


def test_a_pod_that_is_gone_can_fail_no_more() -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        recover = await nodes.fail_pod(NAMESPACE, "nobody")
        await recover()
        assert programs.commands == []

    with_nodes(body)


@pytest.mark.parametrize(
    ("container", "killed"),
    [
        pytest.param("", ["one", "two"], id="all"),
        pytest.param("ctwo", ["two"], id="by-name"),
        pytest.param("cthree", [], id="unknown"),
    ],
)
def test_containers_are_killed_by_name_or_all(container: str, killed: list[str]) -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        assert await nodes.kill_container(NAMESPACE, "web", container) is bool(killed)
        kill = (*CTR, "kill", "--signal", "SIGKILL")
        assert programs.commands == [on("demo-b", *kill, identity) for identity in killed]

    with_nodes(body)


def test_a_container_that_waits_is_not_touched() -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        await report(api, one="waiting", two="terminated")
        assert await nodes.kill_container(NAMESPACE, "web") is False
        assert programs.commands == []

    with_nodes(body)


def test_containers_are_paused_and_resumed() -> None:
    async def body(api: Api, nodes: KindNodes, programs: FakePrograms) -> None:
        await nodes.pause_containers(NAMESPACE, "web")
        await nodes.resume_containers(NAMESPACE, "web")
        assert [command[-2:] for command in programs.commands] == [
            ["pause", "one"],
            ["pause", "two"],
            ["resume", "one"],
            ["resume", "two"],
        ]

    with_nodes(body)


def test_healthy_nodes_need_no_healing(programs: FakePrograms) -> None:
    programs.answer("list-units", "kubelet.service loaded active running kubelet\n")
    programs.answer("tasks ls", "TASK PID STATUS\nabc 1 RUNNING\n")
    assert heal_nodes(["demo-a"], run=programs) == []
    assert len(programs.commands) == 2


def test_what_faults_left_on_nodes_is_put_right(programs: FakePrograms) -> None:
    programs.answer("list-units", "containerd.service loaded active running x\n")
    programs.answer("tasks ls", "TASK PID STATUS\nabc 1 RUNNING\n0123456789abcdef 2 PAUSED\n")
    assert heal_nodes(["demo-a"], run=programs) == [
        "started the kubelet of node demo-a",
        "thawed container 0123456789ab on node demo-a",
    ]
    assert on("demo-a", "systemctl", "start", "kubelet") in programs.commands
    assert on("demo-a", *CTR, "resume", "0123456789abcdef") in programs.commands
