"""An operator that is a command: the same scenarios, in real time, and it is crashed for real."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command import Project, scenario

KOPF = "kopf run -m aiservice_operator.handlers -A --standalone"
CRASH = """
  - name: crash
    faults:
    - {name: crash, operatorCrash: {restartAfter: 1s}}
    - {name: lose, after: crash.started, deleteObject: {select: {ownedBy: service, kinds: [Deployment]}}}
    expect:
      within: 60s
      stableFor: 1s
      all:
      - cel: workload.status.readyReplicas == 1
"""  # noqa: E501 - one fault a line


def test_a_command_is_crashed_and_started_again_until_all_is_well(tmp_path: Path) -> None:
    project = Project.make(tmp_path, crash=scenario("crash", CRASH))
    done = project.run("run", "--seed", "1", "--subject", KOPF)
    assert done.code == 0, done
    (result,) = project.results()
    assert (result["verdict"], result["cluster"]) == ("Passed", "served")
    assert result["replay"].endswith(f"--subject '{KOPF}'")
    journal = tmp_path / ".harness/last/crash-size=1-seed1/journal.ndjson"
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    life = [record["event"] for record in records if record["kind"] == "process"]
    assert life == ["started", "crashed", "started", "stopped"]
    wrote = {record["actor"] for record in records if record["kind"] == "request"}
    assert "subject:operator" in wrote
    replayed = project.run("replay", ".harness/last/crash-size=1-seed1")
    assert replayed.code == 0, replayed
    assert "no two journals are the same" in replayed.output


def test_a_command_that_ends_by_itself_is_a_finding_with_its_last_words(tmp_path: Path) -> None:
    project = Project.make(tmp_path, ends=scenario("ends"))
    words = "python -c 'import sys; print(\"no configuration\"); sys.exit(3)'"
    done = project.run("run", "--seed", "1", "--subject", words)
    assert done.code == 1, done
    assert "operator exited by itself: exit code 3" in done.output
    assert "no configuration" in done.output


def test_its_credentials_are_gone_afterwards(tmp_path: Path) -> None:
    written = tmp_path / "kubeconfig-place"
    program = f"import os; open({str(written)!r}, 'w').write(os.environ['KUBECONFIG'])"
    project = Project.make(tmp_path, place=scenario("place"))
    project.run("run", "--seed", "1", "--subject", f'python -c "{program}"')
    assert written.exists()
    assert not Path(written.read_text()).parent.exists()
