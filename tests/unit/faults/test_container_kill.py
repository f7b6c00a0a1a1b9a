"""Containers are killed by SIGKILL, and seen to have ended."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.client.resources import PODS
from harness.faults.container_kill import ContainerKill
from harness.faults.context import CannotInject
from harness.vocabulary import Select
from tests.support.api import NAMESPACE, Api, with_api

ALL_PODS = Select(kinds=["Pod"])


def running(name: str, number: int = 1) -> dict[str, Any]:
    """The status of a container that runs."""
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    return _status(name, number, state)


def ended(name: str, number: int = 1) -> dict[str, Any]:
    """The status of a container that was killed."""
    return _status(name, number, {"terminated": {"exitCode": 137, "reason": "Error"}})


def _status(name: str, number: int, state: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "image": "x:1",
        "imageID": "",
        "ready": False,
        "restartCount": number - 1,
        "containerID": f"containerd://{name}-{number}",
        "state": state,
        "lastState": {},
    }


async def report(api: Api, *statuses: dict[str, Any]) -> None:
    """What the kubelet says of pod p."""
    change = {"status": {"phase": "Running", "containerStatuses": [*statuses]}}
    await api.client.patch(PODS, "p", NAMESPACE, document=change, subresource="status")


async def pod(api: Api) -> None:
    """A pod with two containers that run."""
    containers = [{"name": name, "image": "x:1"} for name in ("main", "proxy")]
    spec = {"nodeName": "node-1", "containers": containers}
    await api.client.create(PODS, {"metadata": {"name": "p"}, "spec": spec}, NAMESPACE)
    await report(api, running("main"), running("proxy"))


@pytest.mark.parametrize(
    ("containers", "killed"),
    [
        pytest.param([], [("p", "main")], id="the-first-unless-told-otherwise"),
        pytest.param(["proxy"], [("p", "proxy")], id="named"),
        pytest.param(["main", "proxy"], [("p", "main"), ("p", "proxy")], id="several"),
    ],
)
def test_the_meant_containers_are_killed(
    containers: list[str], killed: list[tuple[str, str]]
) -> None:
    async def body(api: Api) -> None:
        await pod(api)
        await api.begin(ContainerKill("Pod/p", containers=containers))
        assert api.nodes.killed_containers == killed

    with_api(body)


@pytest.mark.parametrize(
    "reported",
    [
        pytest.param((ended("main"), running("proxy")), id="it-ended"),
        pytest.param((running("main", 2), running("proxy")), id="another-took-its-place"),
    ],
)
def test_it_is_seen_when_the_container_runs_no_more(reported: tuple[dict[str, Any], ...]) -> None:
    async def body(api: Api) -> None:
        await pod(api)
        injection = await api.begin(ContainerKill("Pod/p"))
        await report(api, running("main"), ended("proxy"))
        assert not injection.observed.is_set()
        await report(api, *reported)
        assert injection.observed.is_set()

    with_api(body)


def test_all_of_them_must_have_ended() -> None:
    async def body(api: Api) -> None:
        await pod(api)
        injection = await api.begin(ContainerKill("Pod/p", containers=["main", "proxy"]))
        await report(api, ended("main"), running("proxy"))
        assert not injection.observed.is_set()
        await report(api, running("main", 2), ended("proxy"))
        assert injection.observed.is_set()

    with_api(body)


def test_a_container_that_does_not_run_is_told() -> None:
    async def body(api: Api) -> None:
        await pod(api)
        await report(api, ended("main"), running("proxy"))
        with pytest.raises(CannotInject, match="no running container 'main'; running: proxy"):
            await api.inject(ContainerKill("Pod/p"))

    with_api(body)


def test_a_cluster_that_lets_nobody_at_its_containers_says_so() -> None:
    async def body(api: Api) -> None:
        await pod(api)
        with pytest.raises(CannotInject, match=r"say requires: \[containers\]"):
            await api.inject(ContainerKill(select=ALL_PODS), nodes=None)

    with_api(body)


def test_only_pods_have_containers() -> None:
    with pytest.raises(ValidationError, match="containerKill acts on Pod; drop other kinds"):
        ContainerKill(select=Select(kinds=["Deployment"]))
