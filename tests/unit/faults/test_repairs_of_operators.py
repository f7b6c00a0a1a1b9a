"""What a fault of an operator that is a Deployment says of what it breaks in the cluster."""

from __future__ import annotations

import pytest

from harness.apiserver.requests import Object
from harness.client.resources import DEPLOYMENTS
from harness.faults.fault import Fault
from harness.faults.process import OperatorCrash, OperatorPause, OperatorRestart
from harness.faults.repairing import repair_all
from harness.faults.repairs import Repair, Resume
from harness.faults.undo import UndoLog
from harness.faults.undo_records import list_records
from harness.faults.undo_store import ClusterUndoStore
from tests.support.api import NAMESPACE, Api, FakeSubject, with_api
from tests.support.killed import dead_run


class Deployed(FakeSubject):
    """A subject that is a Deployment."""

    deployment: Object | None = None


async def said(api: Api, fault: Fault) -> list[Repair]:
    """What a fault says of the Deployment `demo`, before it acts."""
    subject = Deployed(api.recorder)
    subject.deployment = await api.deployment()
    await api.pod("demo-1", labels={"app": "demo"})
    await api.pod("other", labels={"app": "other"})
    injection = fault.prepare(api.context(fault, subjects={"operator": subject}))
    injection.begin()
    return injection.repairs()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(OperatorRestart(), id="restart"),
        pytest.param(OperatorCrash(), id="crash"),
        pytest.param(OperatorCrash(by="scale"), id="scaled"),
        pytest.param(OperatorCrash(by="deployment"), id="deleted"),
    ],
)
def test_an_operator_that_was_taken_down_is_scaled_up_again(fault: Fault) -> None:
    async def body(api: Api) -> None:
        repairs = await said(api, fault)
        if getattr(fault, "by", "") == "deployment":
            await api.client.delete(DEPLOYMENTS, "demo", NAMESPACE)
        else:
            down = {"spec": {"replicas": 0}}
            await api.client.patch(DEPLOYMENTS, "demo", NAMESPACE, document=down)
        await repair_all(repairs, api.client, None)
        deployment = await api.client.get(DEPLOYMENTS, "demo", NAMESPACE)
        assert deployment["spec"]["replicas"] == 1

    with_api(body)


def test_the_frozen_pods_of_a_paused_operator_go_on() -> None:
    async def body(api: Api) -> None:
        assert await said(api, OperatorPause()) == [Resume(namespace=NAMESPACE, pod="demo-1")]

    with_api(body)


def test_a_strike_finds_its_record_kept() -> None:
    async def body(api: Api) -> None:
        subject = Deployed(api.recorder)
        subject.deployment = await api.deployment()
        log = UndoLog(store=ClusterUndoStore(api.client, dead_run(), "case", api.clock))
        fault = OperatorCrash()
        context = api.context(fault, subjects={"operator": subject}, undo_log=log)
        injection = fault.prepare(context)
        await injection.foresee()
        assert subject.running
        assert len(await list_records(api.client)) == 1
        injection.begin()
        assert not subject.running
        assert len(log.open) == 1
        await log.undo_all()
        assert subject.running
        assert await list_records(api.client) == []

    with_api(body)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(OperatorRestart(), id="restart"),
        pytest.param(OperatorCrash(), id="crash"),
        pytest.param(OperatorPause(), id="pause"),
    ],
)
def test_a_process_of_this_machine_needs_no_record(fault: Fault) -> None:
    async def body(api: Api) -> None:
        injection = fault.prepare(api.context(fault))
        injection.begin()
        assert injection.repairs() == []

    with_api(body)
