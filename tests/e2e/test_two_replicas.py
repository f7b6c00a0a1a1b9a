"""Two operators at once, each with its own memory; one is crashed and the other carries on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.command import Project, scenario

CRASH_ONE = """
  - name: crash one
    faults:
    - {name: crash, operatorCrash: {subject: operator-1, restartAfter: 30s}}
    - {name: lose, after: crash.started, deleteObject: {select: {ownedBy: service, kinds: [Deployment]}}}
    expect:
      within: 20s
      from: firstFault
      stableFor: 5s
      all:
      - cel: workload.status.readyReplicas == 1
"""  # noqa: E501 - one fault a line


def records(folder: Path) -> list[dict[str, Any]]:
    """The journal of a case."""
    return [json.loads(line) for line in (folder / "journal.ndjson").read_text().splitlines()]


def test_the_one_that_is_left_repairs_what_is_broken_meanwhile(tmp_path: Path) -> None:
    project = Project.make(tmp_path, two=scenario("two", CRASH_ONE))
    settings = tmp_path / "pyproject.toml"
    settings.write_text(settings.read_text() + "replicas = 2\n")
    done = project.run("run", "--seed", "1")
    assert done.code == 0, done
    journal = records(tmp_path / ".harness/last/two-size=1-seed1")
    lives = [(r["name"], r["event"]) for r in journal if r["kind"] == "process"]
    assert lives[:3] == [
        ("operator-1", "started"),
        ("operator-2", "started"),
        ("operator-1", "crashed"),
    ]
    crashed = next(r["seq"] for r in journal if r.get("event") == "crashed")
    restarted = next(
        (r["seq"] for r in journal if r.get("event") == "started" and r["seq"] > crashed),
        journal[-1]["seq"],
    )
    meanwhile = {
        r["actor"]
        for r in journal
        if crashed < r["seq"] < restarted
        and r["kind"] == "request"
        and r["actor"].startswith("subject:")
    }
    assert meanwhile == {"subject:operator-2"}
