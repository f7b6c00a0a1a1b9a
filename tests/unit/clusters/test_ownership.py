"""Whose something in a cluster is, and whether that run goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from harness.clusters.ownership import (
    PROCESSES_ANNOTATION,
    Life,
    Process,
    Run,
    is_ours,
    run_of,
)
from harness.clusters.run_identity import beginning_of
from harness.errors import InfrastructureError

OWN = Process.own()


def test_what_a_run_marks_is_ours_and_tells_whose_it_is() -> None:
    run = Run.begin()
    document = {"metadata": run.mark({"name": "a", "labels": {"app": "demo"}})}
    assert is_ours(document)
    assert run_of(document) == run
    assert document["metadata"]["labels"]["app"] == "demo"


def test_the_name_of_a_run_is_a_label_and_the_beginning_of_a_name() -> None:
    name = Run.begin().name
    assert len(name) < 40
    assert name.replace("-", "").isalnum()
    assert name == Run.begin().name, "one process, one run"


def test_what_nobody_marked_is_not_ours() -> None:
    assert not is_ours({"metadata": {"name": "a"}})
    labels = {"app.kubernetes.io/managed-by": "operator-harness"}
    assert not is_ours({"metadata": {"name": "a", "labels": labels}})


@pytest.mark.parametrize(
    ("processes", "life"),
    [
        pytest.param((OWN,), Life.ALIVE, id="this-process"),
        pytest.param((replace(OWN, began="0"),), Life.OVER, id="a-number-given-out-again"),
        pytest.param((replace(OWN, boot="before"),), Life.OVER, id="before-a-reboot"),
        pytest.param((replace(OWN, host="elsewhere"),), Life.UNKNOWN, id="another-machine"),
        pytest.param((replace(OWN, began="0"), OWN), Life.ALIVE, id="its-case-goes-on"),
        pytest.param((), Life.OVER, id="nobody"),
    ],
)
def test_a_run_is_over_when_none_of_its_processes_lives(
    processes: tuple[Process, ...], life: Life
) -> None:
    assert Run("run-1", processes).life() is life


@pytest.mark.parametrize(
    ("processes", "ending"),
    [
        pytest.param((replace(OWN, began="0"), OWN), True, id="its-command-was-killed"),
        pytest.param((OWN, replace(OWN, began="0")), False, id="between-two-cases"),
        pytest.param((replace(OWN, began="0"),), False, id="over"),
        pytest.param((), False, id="nobody"),
    ],
)
def test_a_case_that_lost_its_command_is_ending(
    processes: tuple[Process, ...], ending: bool
) -> None:
    assert Run("run-1", processes).is_ending is ending


def test_a_process_that_has_ended_is_over() -> None:
    program = "from harness.clusters.ownership import *; import json, dataclasses; "
    program += "print(json.dumps(dataclasses.asdict(Process.own())))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert Process(**json.loads(ended.stdout)).life() is Life.OVER


def test_a_process_that_nobody_has_waited_for_is_over_too() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        assert beginning_of(zombie.pid) == ""


def test_a_forked_case_joins_the_run() -> None:
    run = Run("run-1", (replace(OWN, pid=1, began="0"),))
    joined = run.joined()
    assert joined.name == run.name
    assert [process.pid for process in joined.processes] == [1, os.getpid()]
    assert joined.joined() == joined


def test_a_damaged_annotation_is_told() -> None:
    meta = {"name": "a", "annotations": {PROCESSES_ANNOTATION: "[{}]"}}
    with pytest.raises(InfrastructureError, match=f"annotation {PROCESSES_ANNOTATION} of a"):
        run_of({"metadata": meta})
