"""A crash is a crash, and a restart remembers nothing: point by point."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.status import ApiError
from harness.simulation.records import Record
from harness.simulation.world import World, run
from tests.unit.subjects.subject_world import SubjectWorld, simulate

LIBRARY = "tests.subjects.metrics_library"
CRASHED_AT, RESTARTED_AT = 25.0, 60.0


async def _crash_in_the_middle_of_work(here: SubjectWorld) -> Any:
    """The subject works on `first` from about 10 s on and is crashed at 25 s."""
    await here.create("notes")
    subject = here.subject("remembering", fresh_modules=[LIBRARY])
    await subject.start()
    await here.until(10)
    await here.create("first", work="yes")
    await here.until(CRASHED_AT)
    subject.crash()
    return subject


def test_nothing_of_a_crashed_subject_reaches_the_api_not_even_a_finally() -> None:
    async def body(here: SubjectWorld) -> tuple[list[Record], dict[str, str]]:
        await _crash_in_the_middle_of_work(here)
        assert "memory" in await here.data("notes")
        await here.until(1000)
        return here.records("request", since=CRASHED_AT), await here.data("notes")

    requests, notes = simulate(body)
    assert requests == []
    assert "finally" not in notes
    assert "finished" not in notes


def test_a_restarted_subject_has_no_module_level_state_and_an_empty_metrics_registry() -> None:
    async def body(here: SubjectWorld) -> str:
        subject = await _crash_in_the_middle_of_work(here)
        await here.until(RESTARTED_AT)
        await here.note("memory", "wiped by the test")
        await subject.start()
        await asyncio.sleep(20)
        return (await here.data("notes"))["memory"]

    assert simulate(body) == "first 1"


def test_threads_end_with_the_crash_and_one_set_of_them_runs_after_the_restart() -> None:
    async def body(here: SubjectWorld) -> tuple[int, int, int]:
        def beats(since: float, until: float) -> int:
            return sum(
                record.data["verb"] == "patch" and record.time_ns < until * 1e9
                for record in here.records("request", since=since)
            )

        await here.create("notes")
        subject = here.subject("remembering", fresh_modules=[LIBRARY])
        await subject.start()
        await here.until(100)
        subject.crash()
        await here.until(200)
        await subject.start()
        await here.until(300)
        return beats(1, 100), beats(100, 200), beats(201, 300)

    assert simulate(body) == (9, 0, 9)


def test_each_start_logs_in_again_as_its_service_account() -> None:
    async def body(here: SubjectWorld) -> tuple[int, set[str]]:
        subject = await _crash_in_the_middle_of_work(here)
        await subject.start()
        await asyncio.sleep(10)
        logins = here.log().count("Initial authentication has finished.")
        return logins, {record.data["user"] for record in here.records("request")}

    assert simulate(body) == (2, {"system:serviceaccount:default:subject"})


def test_open_requests_of_a_crashed_subject_are_cut_at_that_instant() -> None:
    async def body(here: SubjectWorld) -> tuple[bool, list[str]]:
        await here.create("notes")
        subject = here.subject("remembering", fresh_modules=[LIBRARY])
        await subject.start()
        await here.until(5)
        before = here.world.network.connections("operator")
        subject.crash()
        return len(before) >= 3, here.world.network.connections("operator")

    assert simulate(body) == (True, [])


def test_a_request_that_was_accepted_stays_committed() -> None:
    async def body(here: SubjectWorld) -> dict[str, str]:
        subject = here.subject("plain")

        def crash_at_the_first_write(record: Record) -> None:
            if record.kind == "object" and record.actor == "subject:operator":
                subject.crash()

        here.world.recorder.follow(crash_at_the_first_write)
        await subject.start()
        await here.create("item", mark="yes")
        await here.until(100)
        assert not subject.running
        return await here.data("item")

    assert simulate(body) == {"marked": "1"}


def test_a_crash_and_a_restart_are_told_in_the_journal() -> None:
    async def body(here: SubjectWorld) -> list[str]:
        subject = here.subject("plain")
        await subject.start()
        await here.until(5)
        subject.crash()
        await subject.start()
        await here.until(10)
        assert (subject.incarnation, subject.exit) == (2, "killed by signal 9")
        await subject.stop()
        return here.events()

    assert simulate(body) == ["started", "crashed", "started", "stopped"]


def test_a_stopped_subject_cleans_up_before_it_ends() -> None:
    async def body(here: SubjectWorld) -> tuple[dict[str, str], list[str]]:
        await here.create("notes")
        subject = here.subject("remembering", fresh_modules=[LIBRARY])
        await subject.start()
        await here.until(5)
        await subject.stop()
        return await here.data("notes"), here.events()

    notes, events = simulate(body)
    assert notes["cleanup"] == "done"
    assert events == ["started", "stopped"]


def test_a_paused_subject_does_nothing_until_it_is_resumed() -> None:
    async def body(here: SubjectWorld) -> tuple[list[Record], dict[str, str]]:
        subject = here.subject("plain")
        await subject.start()
        await here.until(5)
        subject.pause()
        await here.create("item", mark="yes")
        await here.until(50)
        during = here.records("request", since=5)
        subject.resume()
        await here.until(60)
        return during, await here.data("item")

    assert simulate(body) == ([], {"marked": "1"})


def test_two_replicas_live_at_once_without_sharing_anything() -> None:
    async def body(here: SubjectWorld) -> list[str]:
        await here.create("notes")
        replicas = [
            here.subject("remembering", name=name, fresh_modules=[LIBRARY])
            for name in ("first", "second")
        ]
        for replica in replicas:
            await replica.start()
        await here.until(10)
        await here.create("item", work="yes")
        await here.until(15)
        replicas[0].crash()
        await here.until(100)
        assert "finished" in await here.data("notes")
        requests = here.records("request", since=15)
        return sorted({record.actor for record in requests})

    assert simulate(body) == ["subject:second"]


def test_a_crash_of_the_server_side_is_seen_as_an_api_error_by_nobody_else() -> None:
    """The harness's own client goes on while a subject is crashed and restarted all the time."""

    async def body(here: SubjectWorld) -> int:
        subject, errors = here.subject("plain"), 0
        for _ in range(5):
            await subject.start()
            await asyncio.sleep(3)
            subject.crash()
            try:
                await here.create(f"item-{subject.incarnation}", mark="yes")
            except ApiError:
                errors += 1
        return errors

    assert simulate(body) == 0


@pytest.mark.xfail(
    reason="known leak: what is outside of the subject's package and not in fresh_modules stays",
    strict=True,
)
def test_a_module_outside_of_the_package_forgets_too() -> None:
    async def body(here: SubjectWorld) -> list[str]:
        await here.create("notes")
        subject = here.subject("remembering")
        for _ in range(2):
            await subject.start()
            await asyncio.sleep(5)
            subject.crash()
        return here.events()

    sys.modules.pop(LIBRARY, None)
    try:
        assert simulate(body) == ["started", "crashed", "started", "crashed"]
    finally:
        sys.modules.pop(LIBRARY, None)
        vars(sys.modules["tests.subjects"]).pop("metrics_library", None)


@pytest.mark.xfail(reason="known leak: the current folder is one for all processes", strict=True)
def test_a_change_of_the_current_folder_is_the_processes_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(Path.cwd())
    before = Path.cwd()

    async def main(world: World) -> None:
        async def program() -> None:
            os.chdir(tmp_path)

        await world.spawn("program", program).wait()
        assert Path.cwd() == before

    run(main)


HANDLERS = "tests.subjects.elsewhere_handlers"


def ends_of_two_starts(**more: Any) -> list[str]:
    async def body(here: SubjectWorld) -> list[str]:
        subject = here.subject("elsewhere", **more)
        ends = []
        for _ in range(2):
            await subject.start()
            await asyncio.sleep(5)
            ends.append("running" if subject.running else subject.exit)
            subject.crash()
        return ends

    try:
        ends: list[str] = simulate(body)
        return ends
    finally:
        sys.modules.pop(HANDLERS, None)
        vars(sys.modules["tests.subjects"]).pop("elsewhere_handlers", None)


def test_a_second_start_without_handlers_ends_and_says_how_to_have_them() -> None:
    first, second = ends_of_two_starts()
    assert first == "running"
    assert "registered handlers at its first start and none at this one" in second
    assert "--fresh-module" in second


def test_handlers_elsewhere_are_there_again_where_their_module_is_fresh() -> None:
    assert ends_of_two_starts(fresh_modules=[HANDLERS]) == ["running", "running"]
