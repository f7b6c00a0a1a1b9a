"""Faults of specs, of the operator's process, of nodes, and of users' own making."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from pydantic import ValidationError

from harness.apiserver.requests import Object
from harness.client.resources import DEPLOYMENTS, NODES
from harness.errors import UsageError
from harness.faults.context import CannotInject, FaultContext
from harness.faults.custom import Custom
from harness.faults.nodes import NodeLoss
from harness.faults.process import OperatorCrash, OperatorPause, OperatorRestart
from harness.faults.repairing import repair_all
from harness.faults.specs import BadSpec, RapidEdits
from harness.vocabulary import CrashForm, Seconds
from tests.support.api import NAMESPACE, Api, FakeSubject, with_api


async def replicas(api: Api) -> int:
    document = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
    return int(document["spec"]["replicas"])


def events(api: Api) -> list[tuple[float, str]]:
    """What happened to the process, and when."""
    records = [record for record in api.recorder.records if record.kind == "process"]
    return [(record.time_ns / 1e9, record.data["event"]) for record in records]


def test_a_bad_spec_that_is_accepted_is_restored_when_its_time_is_over() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        injection = await api.begin(BadSpec("workload", spec={"replicas": 99}))
        assert await replicas(api) == 99
        await injection.finish(put_back=True)
        assert await replicas(api) == 1

    with_api(body)


def test_a_bad_spec_that_is_refused_has_taken_effect() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        await api.inject(BadSpec("workload", spec={"replicas": -1}))
        assert api.phases() == ["injected", "observed", "ended"]
        (observed,) = [
            record.data["detail"]
            for record in api.recorder.records
            if record.kind == "fault" and record.data["phase"] == "observed"
        ]
        assert observed.startswith('refused: Deployment.apps "demo" is invalid: spec.replicas')

    with_api(body)


def test_rapid_edits_come_in_turn_and_the_last_one_stays() -> None:
    async def body(api: Api) -> None:
        await api.deployment()
        specs: list[dict[str, Any]] = [{"replicas": 2}, {"replicas": 3}]
        await api.inject(RapidEdits("workload", specs=specs, rounds=2, interval=Seconds(0.5)))
        assert api.clock.monotonic() == 1.5
        history = api.state.history(api.state.objects("Deployment")[0][0])
        assert [v.object["spec"]["replicas"] for v in history] == [1, 2, 3, 2, 3]
        await api.undo_log.undo_all()
        assert await replicas(api) == 1

    with_api(body)


def test_a_single_edit_is_not_rapid() -> None:
    with pytest.raises(ValidationError, match="a single edit is not rapid"):
        RapidEdits("workload", specs=[{"replicas": 2}])


def test_a_crashed_operator_is_started_again_after_its_time() -> None:
    async def body(api: Api) -> None:
        await api.inject(OperatorCrash(restart_after=Seconds(3)))
        assert events(api) == [(0, "crashed"), (3, "started")]
        assert [p for p in api.phases() if p != "undone"] == ["injected", "observed", "ended"]

    with_api(body)


def test_a_crash_happens_at_the_instant_it_begins() -> None:
    async def body(api: Api) -> None:
        injection = OperatorCrash().prepare(api.context(OperatorCrash()))
        injection.begin()
        assert not api.subject.running
        assert injection.observed.is_set()

    with_api(body)


@pytest.mark.parametrize("by", ["process", "container", "pod", "deployment", "scale"])
def test_a_crash_tells_the_operator_what_dies(by: CrashForm) -> None:
    async def body(api: Api) -> None:
        await api.inject(OperatorCrash(by=by))
        assert api.subject.crashed_by == [by]

    with_api(body)


class Deployed(FakeSubject):
    """An operator that is a Deployment."""

    deployment: Object | None = None


@pytest.mark.parametrize(
    ("by", "repair"),
    [
        pytest.param("process", "restore Deployment/demo in case", id="process"),
        pytest.param("container", None, id="container"),
        pytest.param("pod", None, id="pod"),
        pytest.param("deployment", "create Deployment/demo in case if missing", id="deployment"),
        pytest.param("scale", "restore Deployment/demo in case", id="scale"),
    ],
)
def test_another_process_can_put_a_dead_deployment_back(by: CrashForm, repair: str | None) -> None:
    async def body(api: Api) -> None:
        subject = Deployed(api.recorder)
        subject.deployment = await api.deployment()
        context = api.context(OperatorCrash(), subjects={"operator": subject})
        injection = OperatorCrash(by=by).prepare(context)
        injection.begin()
        assert [str(each) for each in injection.repairs()] == ([repair] if repair else [])
        gone = {"spec": {"replicas": 0}}
        if by == "deployment":
            await api.client.delete(DEPLOYMENTS, "demo", NAMESPACE)
        else:
            await api.client.patch(DEPLOYMENTS, "demo", NAMESPACE, document=gone)
        await repair_all(injection.repairs(), api.client, None)
        assert await replicas(api) == (1 if repair else 0)

    with_api(body)


def test_a_duration_keeps_a_crashed_operator_down_for_longer() -> None:
    async def body(api: Api) -> None:
        await api.inject(OperatorCrash(restart_after=Seconds(1)), 10)
        assert events(api) == [(0, "crashed"), (10, "started")]

    with_api(body)


def test_an_interrupted_run_starts_the_operator_again() -> None:
    async def body(api: Api) -> None:
        injection = OperatorCrash().prepare(api.context(OperatorCrash()))
        injection.begin()
        await api.undo_log.undo_all()
        assert api.subject.running

    with_api(body)


def test_a_paused_operator_goes_on_at_the_end() -> None:
    async def body(api: Api) -> None:
        await api.inject(OperatorPause(), 5)
        assert events(api) == [(0, "paused"), (5, "resumed")]

    with_api(body)


def test_a_restart_lets_the_operator_end_in_order() -> None:
    async def body(api: Api) -> None:
        await api.inject(OperatorRestart(down_for=Seconds(2)))
        assert events(api) == [(0, "stopped"), (2, "started")]

    with_api(body)


def test_an_operator_that_does_not_exist_is_told() -> None:
    async def body(api: Api) -> None:
        with pytest.raises(UsageError, match="no subject is called 'operater'; did you mean"):
            await api.inject(OperatorCrash(subject="operater"))
        with pytest.raises(CannotInject, match="no operator runs here"):
            await api.inject(OperatorCrash(), subjects={})

    with_api(body)


async def node_is_ready(api: Api, name: str) -> str:
    node = await api.client.get(NODES, name)
    ready = [c for c in node["status"]["conditions"] if c["type"] == "Ready"]
    return str(ready[0]["status"])


def test_a_lost_node_comes_back_at_the_end() -> None:
    async def body(api: Api) -> None:
        injection = await api.begin(NodeLoss(node="node-2"))
        assert injection.observed.is_set()
        assert await node_is_ready(api, "node-2") == "Unknown"
        await injection.finish(put_back=injection.lasts)
        assert await node_is_ready(api, "node-2") == "True"

    with_api(body)


def test_a_node_that_runs_pods_of_the_case_is_chosen() -> None:
    async def body(api: Api) -> None:
        await api.pod("p1", node="node-3")
        await api.inject(NodeLoss())
        targets = [r.data["target"] for r in api.recorder.records if r.kind == "fault"]
        assert targets[0] == "Node/node-3"

    with_api(body)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        pytest.param(NodeLoss(), "no node runs pods of the case", id="idle"),
        pytest.param(NodeLoss(node="node-9"), "no node 'node-9'; did you mean", id="unknown"),
    ],
)
def test_a_node_that_cannot_be_lost_is_told(fault: NodeLoss, text: str) -> None:
    async def body(api: Api) -> None:
        with pytest.raises(CannotInject, match=text):
            await api.inject(fault)

    with_api(body)


def test_the_only_node_is_not_lost() -> None:
    async def body(api: Api) -> None:
        api.nodes.names = lambda: ["node-1"]  # type: ignore[method-assign]
        with pytest.raises(CannotInject, match=r"no second node .* say requires: \[nodes\]"):
            await api.inject(NodeLoss(node="node-1"))

    with_api(body)


CALLS: list[str] = []


async def scale_away(context: FaultContext, *, by: int) -> Any:
    """A user's own fault: acts, and says how it is undone."""
    CALLS.append(f"act {by}")

    async def undo() -> None:
        CALLS.append("undo")

    return undo


def test_a_function_of_the_users_own_is_called_and_undone() -> None:
    async def body(api: Api) -> None:
        fault = Custom(
            function="tests.unit.faults.test_other_faults:scale_away", arguments={"by": 2}
        )
        await api.inject(fault, 1, allow_custom=True)
        module = importlib.import_module("tests.unit.faults.test_other_faults")
        assert module.CALLS == ["act 2", "undo"]

    with_api(body)


@pytest.mark.parametrize(
    ("function", "allowed", "text"),
    [
        pytest.param("json:dumps", False, "--allow-custom permits that", id="not-allowed"),
        pytest.param("json:nothing", True, "cannot be loaded", id="no-such-function"),
        pytest.param("no_such_module:f", True, "cannot be loaded", id="no-such-module"),
        pytest.param("sys:maxsize", True, "is no function", id="no-function"),
    ],
)
def test_a_function_that_cannot_be_called_is_told(function: str, allowed: bool, text: str) -> None:
    async def body(api: Api) -> None:
        with pytest.raises(UsageError, match=text):
            await api.inject(Custom(function=function), allow_custom=allowed)

    with_api(body)
