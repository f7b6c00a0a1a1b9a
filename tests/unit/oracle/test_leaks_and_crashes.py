"""What is left behind, and what ended by itself."""

from __future__ import annotations

from typing import Any

import pytest

from harness.oracle.crashes import CrashWatch
from harness.oracle.leaks import find_leaks
from tests.support.history import History, thing

OWNER = thing("AIService", "demo")
CHILD = thing("Deployment", "demo", owners=[OWNER])
STRIPPED = thing("Deployment", "demo")


def leaks(history: History) -> list[str]:
    return [str(leak) for leak in find_leaks(history.state, "case")]


def test_an_object_whose_owner_exists_is_no_leak() -> None:
    history = History()
    history.write(OWNER)
    history.write(CHILD)
    assert leaks(history) == []


def test_an_object_whose_owner_is_gone_is_an_orphan() -> None:
    history = History()
    history.write(OWNER)
    history.write(CHILD)
    history.delete(OWNER)
    assert leaks(history) == [
        "Deployment/demo is an orphan: its owners are gone (uid AIService-demo)"
    ]


def test_an_object_that_lost_its_references_is_an_orphan_once_its_owner_is_gone() -> None:
    history = History()
    history.write(OWNER)
    history.write(CHILD)
    history.write(STRIPPED, by="fault:strip")
    assert leaks(history) == []
    history.delete(OWNER)
    assert leaks(history) == [
        "Deployment/demo is an orphan: it lost its owner references, and then its owners"
    ]


def test_an_object_that_never_had_an_owner_is_no_leak() -> None:
    history = History()
    history.write(STRIPPED)
    assert leaks(history) == []


def test_the_references_of_an_earlier_object_of_that_name_do_not_count() -> None:
    history = History()
    history.write(CHILD)
    history.delete(CHILD)
    history.write(thing("Deployment", "demo", uid="another"))
    assert leaks(history) == []


def test_a_terminating_object_that_a_finalizer_keeps_is_stuck() -> None:
    history = History()
    history.write(thing("AIService", "demo", finalizers=["kopf"], terminating=True))
    assert leaks(history) == [
        "AIService/demo is terminating since 2026-01-01T00:00:00Z, kept by kopf"
    ]


def test_other_namespaces_are_not_looked_at() -> None:
    history = History()
    history.write(thing("Deployment", "far", namespace="elsewhere", owners=[OWNER]))
    assert leaks(history) == []


def crashes(*records: tuple[str, str, dict[str, Any]]) -> list[str]:
    history, watch = History(), CrashWatch()
    told = [watch.take(history.record(of, data, actor=actor)) for of, actor, data in records]
    return [text for text in told if text]


def process(event: str, detail: str = "") -> tuple[str, str, dict[str, Any]]:
    return ("process", "subject:op", {"name": "op", "event": event, "detail": detail})


def fault(type_: str, phase: str = "injected") -> tuple[str, str, dict[str, Any]]:
    return ("fault", "fault:f", {"name": "f", "type": type_, "phase": phase, "target": "op"})


def test_a_process_that_ends_by_itself_is_a_finding() -> None:
    assert crashes(process("started"), process("exited", "exit code 1")) == [
        "op exited by itself: exit code 1"
    ]


@pytest.mark.parametrize(
    ("type_", "event"),
    [
        pytest.param("operatorCrash", "crashed", id="crash"),
        pytest.param("operatorRestart", "exited", id="restart"),
    ],
)
def test_what_a_fault_ends_is_no_finding(type_: str, event: str) -> None:
    assert crashes(process("started"), fault(type_), process(event), process("started")) == []


def test_a_crash_after_the_restart_is_its_own_again() -> None:
    told = crashes(
        fault("operatorCrash"), process("crashed"), process("started"), process("crashed")
    )
    assert told == ["op crashed by itself"]


def test_a_fault_that_did_not_act_excuses_nothing() -> None:
    assert crashes(fault("operatorCrash", "armed"), process("crashed")) == ["op crashed by itself"]


@pytest.mark.parametrize(
    ("actor", "level", "logger", "told"),
    [
        pytest.param("subject:op", "ERROR", "asyncio", True, id="asyncio"),
        pytest.param("subject:op", "CRITICAL", "kopf", True, id="critical"),
        pytest.param("subject:op", "ERROR", "kopf.objects", False, id="a-handler-that-is-retried"),
        pytest.param("subject:op", "WARNING", "asyncio", False, id="warning"),
        pytest.param("harness", "ERROR", "asyncio", False, id="not-the-subject"),
    ],
)
def test_an_exception_nobody_handled_is_a_finding(
    actor: str, level: str, logger: str, told: bool
) -> None:
    data = {"level": level, "logger": logger, "message": "Task exception was never retrieved"}
    assert bool(crashes(("log", actor, data))) is told
