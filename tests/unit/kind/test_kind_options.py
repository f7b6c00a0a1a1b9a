"""Whether this machine can have a kind cluster, and what to do where it cannot."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.kind.options import KindOptions, missing_for_kind
from harness.errors import UsageError
from tests.support.fake_programs import FakePrograms

ALL = ("docker", "kind", "kubectl")


def test_nothing_is_missing_where_the_programs_are_and_docker_answers(
    on_path: Any, programs: FakePrograms
) -> None:
    for name in ALL:
        on_path(name)
    assert missing_for_kind(run=programs) == ""
    assert programs.commands == [["docker", "version", "--format", "{{.Server.Version}}"]]


@pytest.mark.parametrize("absent", ALL)
def test_a_missing_program_is_named_with_a_way_to_get_it(
    on_path: Any, programs: FakePrograms, absent: str
) -> None:
    for name in ALL:
        if name != absent:
            on_path(name)
    missing = missing_for_kind(run=programs)
    assert missing.startswith(f"the program {absent} was not found on PATH; install ")
    assert "https://" in missing


def test_a_program_that_was_given_and_is_not_there_is_told_by_its_path(
    on_path: Any, programs: FakePrograms
) -> None:
    for name in ALL:
        on_path(name)
    missing = missing_for_kind(KindOptions(kind_bin="/nowhere/kind"), run=programs)
    assert "kind was not found as /nowhere/kind" in missing


def test_a_daemon_that_does_not_answer_is_told_apart_from_a_missing_program(
    on_path: Any, programs: FakePrograms
) -> None:
    for name in ALL:
        on_path(name)
    programs.fail("docker version", "Cannot connect to the Docker daemon")
    missing = missing_for_kind(run=programs)
    assert missing.startswith("no Docker daemon answers; start it (systemctl start docker")
    assert missing.endswith("Cannot connect to the Docker daemon")


def test_the_extra_is_named_where_it_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, programs: FakePrograms
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "pytest_kind" else found(name),
    )
    expected = "Python cannot import pytest_kind; pip install 'operator-harness[kind]'"
    assert missing_for_kind(run=programs) == expected
    assert programs.commands == []


def test_programs_are_absolute_paths_wherever_the_user_goes(
    on_path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = on_path("kind")
    monkeypatch.chdir(tmp_path)
    assert KindOptions().program("kind") == program
    assert KindOptions(kind_bin="./bin/kind").program("kind") == program


def test_a_program_that_is_nowhere_is_a_mistake_of_the_user(on_path: Any) -> None:
    with pytest.raises(UsageError, match="give --kind-kubectl-bin PATH"):
        KindOptions().program("kubectl")
