"""Programs of the machine are run without a shell, and their failures tell what they said."""

from __future__ import annotations

import os

import pytest

from harness.clusters.kind.commands import CommandFailed, run


def test_what_a_program_prints_is_the_result() -> None:
    assert run(["printf", "%s|", "a b", "$HOME"]) == "a b|$HOME|"


def test_variables_are_added_to_ours() -> None:
    script = 'echo "$HARNESS_TEST $PATH"'
    assert run(["sh", "-c", script], environment={"HARNESS_TEST": "yes"}) == (
        f"yes {os.environ['PATH']}\n"
    )


def test_a_failure_tells_the_command_its_exit_code_and_last_words() -> None:
    with pytest.raises(CommandFailed, match=r"^`sh -c .*` ended with 3: first\nsecond$"):
        run(["sh", "-c", "echo first >&2; echo second >&2; exit 3"])


def test_a_program_that_is_not_there_is_a_failure() -> None:
    with pytest.raises(CommandFailed, match=r"^`no-such-program x` cannot be started"):
        run(["no-such-program", "x"])


def test_a_program_that_does_not_end_is_killed() -> None:
    with pytest.raises(CommandFailed, match=r"^`sleep 600` was killed after 0.05 s"):
        run(["sleep", "600"], timeout_seconds=0.05)
