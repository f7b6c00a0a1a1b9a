"""An outcome on disk, to be looked at and played again.

    apiVersion: harness.dev/v1alpha1
    kind: Trial
    target: {kind: AIService, version: v1, subject: aiservice_operator.handlers}
    seed: 7
    operations: [...]
    findings: [...]

The file is named by what was found, so the same fault, found again in a smaller example, takes the
place of the larger one.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from harness.errors import FormatError
from harness.scenario.yaml_tree import read

from .documents import operations_of
from .operations import Operation
from .outcome import Outcome
from .target import Target

API_VERSION = "harness.dev/v1alpha1"
KIND = "Trial"
FOLDER = Path(".harness", "findings")


def trial_document(target: Target, outcome: Outcome) -> dict[str, Any]:
    """An outcome as a file has it: what to play again first, what came of it after."""
    found = outcome.document()
    subject = target.subjects[0]
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "target": {
            "kind": target.resource.kind,
            "version": target.version,
            "subject": subject.module or list(subject.command),
        },
        "seed": found["seed"],
        "operations": found["operations"],
        "findings": found["findings"],
        "journalHash": found["journalHash"],
    }


def save(target: Target, outcome: Outcome, folder: Path = FOLDER) -> Path:
    """Write an outcome with findings; the path of its file."""
    first = outcome.findings[0]
    digest = hashlib.blake2b(first.key.encode(), digest_size=4).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{first.oracle}-{digest}.yaml"
    text = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(trial_document(target, outcome), text)
    path.write_text(text.getvalue())
    return path


def load(path: Path) -> tuple[tuple[Operation, ...], int]:
    """The operations and the seed of a saved trial.

    Raises:
        FormatError: It is none.
    """
    (tree,) = read(path.read_text(), str(path))
    document = tree.value
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise FormatError(f"a saved trial has kind: {KIND}", file=str(path))
    return operations_of(document), int(document.get("seed", 0))
