"""What the exit code says: 0 passed, 1 finding, 2 usage, 3 inconclusive, 4 harness, 5 nothing."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.command import (
    CANNOT_BE_DONE,
    NEVER_FIRES,
    ROOT,
    Project,
    plain_environment,
    scenario,
)


def test_0_when_all_passed(tmp_path: Path) -> None:
    done = Project.make(tmp_path, good=scenario("good")).run("run")
    assert done.code == 0, done


def test_3_when_a_fault_was_never_seen_and_nothing_is_worse(tmp_path: Path) -> None:
    project = Project.make(tmp_path, good=scenario("good"), vain=scenario("vain", NEVER_FIRES))
    done = project.run("run")
    assert done.code == 3, done
    assert "Inconclusive: vain[size=1]" in done.output
    assert [result["verdict"] for result in project.results()] == ["Passed", "Inconclusive"]


def test_4_before_3_when_a_scenario_cannot_be_carried_out(tmp_path: Path) -> None:
    project = Project.make(
        tmp_path,
        impossible=scenario("impossible", CANNOT_BE_DONE),
        vain=scenario("vain", NEVER_FIRES),
    )
    done = project.run("run")
    assert done.code == 4, done
    assert "Deployment/nobody does not exist" in done.output


def test_1_before_4_when_the_operator_is_wrong(tmp_path: Path) -> None:
    wrong = scenario("wrong").replace("c.status == 'True'", "c.status == 'Sometimes'")
    project = Project.make(tmp_path, wrong=wrong, impossible=scenario("impossible", CANNOT_BE_DONE))
    done = project.run("run")
    assert done.code == 1, done
    assert "NotConverged: wrong[size=1] in step 'create' (within)" in done.output


def test_5_when_nothing_is_selected(tmp_path: Path) -> None:
    done = Project.make(tmp_path, good=scenario("good")).run("run", "--name", "no-such-*")
    assert (done.code, done.output) == (5, "")
    assert "nothing selected" in done.error


USAGE = [
    pytest.param(["run", "--nonsense"], "No such option", id="unknown-option"),
    pytest.param(["run", "nowhere"], "nowhere does not exist", id="no-such-path"),
    pytest.param(
        ["run", "--case", "sise=1"], "has 'sise' in its matrix; did you mean 'size'?",
        id="no-such-matrix-value",
    ),
    pytest.param(["run", "--case", "size"], "write --case NAME=VALUE", id="case-without-value"),
    pytest.param(
        ["run", "--shard-index", "2", "--shard-count", "2"], "it counts from 0",
        id="no-such-shard",
    ),
    pytest.param(
        ["run", "--subject", "nosuch.handlers"], "there is no module 'nosuch'", id="no-such-module"
    ),
    pytest.param(
        ["run", "--subject", "nosuch --flag"], "'nosuch' is not found on the PATH",
        id="no-such-command",
    ),
    pytest.param(["run", "--subject", ""], "--subject is empty", id="empty-subject"),
    pytest.param(["replay", "nowhere"], "nowhere", id="replay-of-nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "told"), USAGE)
def test_2_when_what_is_asked_for_makes_no_sense(
    tmp_path: Path, words: list[str], told: str
) -> None:
    project = Project.make(tmp_path, good=scenario("good"))
    done = project.run(*words)
    assert done.code == 2, done
    assert told in done.error
    assert "Traceback" not in done.error


def test_2_when_a_file_is_wrong_with_place_and_remedy(tmp_path: Path) -> None:
    text = scenario("typo").replace("within: 60s", "withing: 60s")
    project = Project.make(tmp_path, typo=text)
    line = text.splitlines().index("      withing: 60s") + 1
    done = project.run("run")
    assert done.code == 2, done
    assert (
        f"scenarios/typo.yaml:{line}:7: unknown key 'withing'; did you mean 'within'?" in done.error
    )


def test_2_when_manifests_are_missing(tmp_path: Path) -> None:
    done = Project.make(tmp_path, manifests="nowhere", good=scenario("good")).run("run")
    assert done.code == 2, done
    assert "manifests names 'nowhere', which is not in" in done.error


def test_2_when_settings_are_wrong(tmp_path: Path) -> None:
    project = Project.make(tmp_path, good=scenario("good"))
    (tmp_path / "pyproject.toml").write_text("[tool.operator-harness]\nmanifest = []\n")
    done = project.run("run")
    assert done.code == 2, done
    assert "pyproject.toml: [tool.operator-harness] manifest is unknown; did you mean" in done.error


OWN_CODE = [
    pytest.param(
        "  - {name: own, do: [{script: {command: [touch, made]}}]}\n",
        "this script runs 'touch'; --allow-custom permits that", id="script",
    ),
    pytest.param(
        '  - {name: own, faults: [{name: mine, custom: {function: "os:getcwd"}}]}\n',
        "fault 'mine' runs Python code; --allow-custom permits that", id="custom",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("step", "told"), OWN_CODE)
def test_2_when_a_scenario_runs_code_that_nobody_permitted(
    tmp_path: Path, step: str, told: str
) -> None:
    done = Project.make(tmp_path, own=scenario("own", step)).run("run")
    assert done.code == 2, done
    assert f"scenarios/own.yaml:{scenario('own').count(chr(10)) + 1}:" in done.error
    assert told in done.error
    assert not (tmp_path / "made").exists()


def test_a_planted_bug_exits_1_and_its_replay_line_reproduces_it(tmp_path: Path) -> None:
    bug = "aiservice_operator.handlers,tests.quality.variants.swallows_conflict"
    root = Project(ROOT)
    words = ["run", "scenarios/api/conflicts.yaml", "--seed", "1", "--subject", bug]
    done = root.run(*words, "--report-dir", str(tmp_path / "first"))
    assert done.code == 1, done
    (line,) = (text for text in done.output.splitlines() if "replay: " in text)
    again = shlex.split(line.partition("replay: ")[2])
    assert again[0] == "harness"
    repeated = root.run(*again[1:], "--report-dir", str(tmp_path / "second"))
    assert repeated.code == 1, repeated
    hashes = {
        json.loads((tmp_path / name / "run.json").read_text())["results"][0]["journal_hash"]
        for name in ("first", "second")
    }
    assert len(hashes) == 1
    (folder,) = (path for path in (tmp_path / "first").iterdir() if path.is_dir())
    replayed = root.run("replay", str(folder))
    assert replayed.code == 1, replayed
    assert f"the same run: journal {hashes.pop()}" in replayed.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_130_when_interrupted_and_what_had_ended_is_reported(
    tmp_path: Path, number: signal.Signals
) -> None:
    project = Project.make(tmp_path, good=scenario("good"))
    with subprocess.Popen(
        project.command("run", "--repeat", "5000", "--parallel", "2"),
        cwd=tmp_path,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Passed")
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error.strip() == "interrupted; everything was undone"
    assert project.results()
    with pytest.raises(ProcessLookupError):  # no child is left in its group
        os.killpg(process.pid, 0)
