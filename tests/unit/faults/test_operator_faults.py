"""The operator's clock jumps, another version of it takes over, and programs are run."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from harness.apiserver.middleware import FaultPlane
from harness.client import Client
from harness.clusters.state import ClusterState
from harness.errors import UsageError
from harness.faults.clock_jump import ClockJump
from harness.faults.command import Command
from harness.faults.context import CannotInject, FaultContext
from harness.faults.fault import carry_out
from harness.faults.undo import UndoLog
from harness.faults.upgrade import OperatorUpgrade
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder
from harness.subjects.in_process import InProcessSubject
from harness.subjects.spec import SubjectSpec
from harness.vocabulary import Seconds
from tests.support.api import Api, with_api
from tests.support.living import Living, living

CLOCK = SubjectSpec(module="tests.subjects.clock", service_account="")


async def start(cluster: Living) -> InProcessSubject:
    """The operator that tells the time."""
    subject = await cluster.cluster.start_subject(CLOCK)
    assert isinstance(subject, InProcessSubject)
    return subject


def clocks(cluster: Living) -> list[tuple[int, str]]:
    """What the operator says of the time, and at what time of the cluster it did."""
    return [
        (round(record.time_ns / 1e9), record.data["message"].partition("clock ")[2])
        for record in cluster.cluster.recorder.records
        if record.kind == "log" and "clock " in record.data["message"]
    ]


def ahead(cluster: Living) -> list[int]:
    """How far the operator's clock was ahead of the cluster's, in seconds, each time it told."""
    epoch = cluster.cluster.clock.now_ns() / 1e9 - cluster.cluster.clock.monotonic()
    return [round(float(text) - epoch - at) for at, text in clocks(cluster)]


@pytest.mark.parametrize(
    ("direction", "seconds"), [("forward", 3600), ("backward", -3600)], ids=["forward", "backward"]
)
def test_the_time_of_day_jumps_and_stays_wrong_over_a_restart(direction: str, seconds: int) -> None:
    async def body(cluster: Living) -> None:
        subject = await start(cluster)
        await cluster.cluster.clock.sleep(5)
        fault = ClockJump.model_validate({"by": "1h", "direction": direction})
        await cluster.inject(fault)
        await subject.restart()
        await cluster.cluster.clock.sleep(5)
        await cluster.undo_log.undo_all()
        await subject.restart()
        await cluster.cluster.clock.sleep(5)
        assert ahead(cluster) == [0, seconds, 0]

    living(body)


def test_only_a_simulated_clock_can_jump() -> None:
    async def body(api: Api) -> None:
        with pytest.raises(CannotInject, match="operator has the clock of this machine"):
            await api.begin(ClockJump(by=Seconds(5)))

    with_api(body)


def test_another_version_takes_over_and_the_old_one_comes_back() -> None:
    async def body(cluster: Living) -> None:
        subject = await start(cluster)
        await cluster.cluster.clock.sleep(5)
        await cluster.inject(OperatorUpgrade(env={"VERSION": "2"}, down_for=Seconds(3)))
        assert subject.spec == dataclasses.replace(CLOCK, env={"VERSION": "2"})
        await cluster.undo_log.undo_all()
        assert subject.spec == CLOCK
        assert cluster.life() == ["started", "stopped", "started", "stopped", "started"]

    living(body)


def test_an_upgrade_that_runs_other_code_must_be_permitted() -> None:
    async def body(cluster: Living) -> None:
        await cluster.cluster.start_subject(CLOCK)
        with pytest.raises(UsageError, match=r"runs tests\.subjects\.plain; --allow-custom"):
            await cluster.inject(OperatorUpgrade(module="tests.subjects.plain"))

    living(body)


def test_an_upgrade_to_the_same_is_none() -> None:
    with pytest.raises(ValidationError, match="nothing would be new"):
        OperatorUpgrade()


def run_command(fault: Command, **more: Any) -> list[str]:
    """The phases of a command's life on a real loop."""

    async def main() -> list[str]:
        recorder = Recorder(real_clock())
        client = Client(None, "harness")  # type: ignore[arg-type]  # nobody is asked
        surroundings: dict[str, Any] = {
            "name": "it",
            "type": "command",
            "client": client,
            "clock": real_clock(),
            "entropy": Entropy(1),
            "recorder": recorder,
            "fault_plane": FaultPlane(),
            "state": ClusterState([]),
            "undo_log": UndoLog(),
            "allow_custom": True,
            "in_real_time": True,
            **more,
        }
        context = FaultContext(**surroundings)
        injection = fault.prepare(context)
        injection.begin()
        await carry_out(injection)
        return [r.data["phase"] for r in recorder.records]

    return asyncio.run(main())


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_a_program_acts_and_another_one_undoes_it(tmp_path: Path) -> None:
    file = tmp_path / "broken"
    fault = Command(
        run=python(f"open({str(file)!r}, 'w')"), undo=python(f"import os; os.remove({str(file)!r})")
    )
    assert run_command(fault) == ["injected", "observed", "ended"]
    assert not file.exists()


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (python("import sys; print('no such node'); sys.exit(3)"), "exited with 3: no such node"),
        (["no-such-program-anywhere"], "exited with 127"),
    ],
    ids=["fails", "missing"],
)
def test_a_program_that_fails_has_not_acted(line: list[str], text: str) -> None:
    with pytest.raises(CannotInject, match=text):
        run_command(Command(run=line))


def test_a_program_that_does_not_end_is_killed() -> None:
    with pytest.raises(CannotInject, match=r"it ran longer than 0\.2 s"):
        run_command(Command(run=python("import time; time.sleep(60)"), timeout=Seconds(0.2)))


@pytest.mark.parametrize(
    ("more", "text"),
    [({"allow_custom": False}, "--allow-custom"), ({"in_real_time": False}, "only virtual time")],
    ids=["not-permitted", "virtual"],
)
def test_a_program_is_run_only_where_it_may_be(more: dict[str, object], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        run_command(Command(run=["true"]), **more)
