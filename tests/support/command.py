"""The `harness` command as a user runs it, in a small project of its own.

project = Project.make(folder); project.run("scenarios") -> Done(code, output, error)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
[tool.operator-harness]
manifests = ["{manifests}"]
[tool.operator-harness.subject]
module = "{module}"
"""
HEAD = """
apiVersion: harness.dev/v1alpha1
kind: Scenario
metadata: {name: NAME, labels: {tier: smoke}}
spec:
  description: A test of the command line.
  bindings: {name: demo}
  matrix: {size: SIZES}
  objects: {service: AIService/$(name), workload: Deployment/$(name)}
"""
CREATE = """
  steps:
  - name: create
    do:
    - apply:
        object:
          apiVersion: example.com/v1
          kind: AIService
          metadata: {name: $(name)}
          spec: {size: $(size)}
    expect:
      within: 60s
      all:
      - cel: service.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')
"""
#: Nothing makes the operator delete its Deployment, so this fault waits in vain.
NEVER_FIRES = """
    faults:
    - name: crash
      when: {event: DELETED, object: workload, by: subject, deadline: 5s}
      operatorCrash: {restartAfter: 1s}
"""
#: The scenario itself cannot be carried out.
CANNOT_BE_DONE = """
  - name: impossible
    do:
    - patch: {object: Deployment/nobody, merge: {spec: {replicas: 2}}}
"""


def scenario(name: str, more: str = "", *, sizes: tuple[int, ...] = (1,)) -> str:
    """A scenario that makes one service for each size; `more` follows its last step."""
    return HEAD.replace("NAME", name).replace("SIZES", str(list(sizes))) + CREATE + more


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    output: str
    error: str

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.output}\n{self.error}"


@dataclass(frozen=True)
class Project:
    """A folder with settings and scenarios."""

    folder: Path

    @classmethod
    def make(
        cls,
        folder: Path,
        *,
        module: str = "aiservice_operator.handlers",
        manifests: str = str(ROOT / "operator" / "manifests" / "crd.yaml"),
        **scenarios: str,
    ) -> Project:
        """A project with scenario files of these names."""
        (folder / "scenarios").mkdir()
        settings = SETTINGS.format(manifests=manifests, module=module)
        (folder / "pyproject.toml").write_text(settings)
        project = cls(folder)
        for name, text in scenarios.items():
            project.write(name, text)
        return project

    def write(self, name: str, text: str) -> None:
        """Write one scenario file."""
        (self.folder / "scenarios" / f"{name.replace('_', '-')}.yaml").write_text(text)

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "harness", *words]

    def run(self, *words: str) -> Done:
        """Run `harness WORDS` in the project's folder."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=plain_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def results(self, report: str = ".harness/last") -> list[dict[str, Any]]:
        """The results that a run left, by name and seed."""
        document = json.loads((self.folder / report / "run.json").read_text())
        found: list[dict[str, Any]] = document["results"]
        return sorted(found, key=lambda result: (result["case"], result["seed"]))


def plain_environment() -> dict[str, str]:
    """What a user's shell has: no hash seed, and the width of a CI log."""
    hidden = ("PYTHONHASHSEED", "COLUMNS", "FORCE_COLOR")
    return {name: value for name, value in os.environ.items() if name not in hidden}
