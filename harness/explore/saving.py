"""Findings as files: `.harness/fuzz/NAME.yaml`, to be read, kept and played again."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted
from ruamel.yaml.scalarstring import LiteralScalarString

from harness.apiserver.requests import Object
from harness.scenario.model import API_VERSION
from harness.subjects.spec import SubjectSpec

from .documents import operations_document
from .operations import Operation
from .outcome import Finding

FOLDER = Path(".harness/fuzz")
_WORDS_MAX = 40
#: Text that every reader takes for text, and words that some do not.
_PLAIN = re.compile(r"[A-Za-z][-A-Za-z0-9./]*")
_NO_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
#: Text of several lines that a block shows as it is.
_LINES = re.compile(r"[!-~][ -~]*(\n[ -~]*[!-~])+")


def save_finding(
    finding: Finding,
    operations: Sequence[Operation],
    *,
    seed: int,
    source: Mapping[str, Any],
    folder: Path = FOLDER,
) -> Path:
    """Write what was found and what leads to it, as a `Trial`; returns the file.

    It is named by what was found, so the same fault, found again in a smaller example, takes the
    place of the larger one.

    Args:
        finding: What was found.
        operations: In order.
        seed: Of the trial.
        source: Where the operator and its kind come from, as `target` of the file has it.
        folder: Where to.
    """
    name = name_of_finding(finding)
    spec = {
        "target": dict(source),
        **operations_document(operations, seed=seed),
        "finding": {"oracle": finding.oracle, "key": finding.key, "message": finding.message},
    }
    head = {"apiVersion": API_VERSION, "kind": "Trial", "metadata": {"name": name}}
    return write_document({**head, "spec": spec}, folder / f"{name}.yaml")


def write_document(document: Mapping[str, Any], file: Path) -> Path:
    """Write a document that every reader of YAML understands alike; returns the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    yaml = YAML(pure=True)
    yaml.width = 100
    with file.open("w") as stream:
        yaml.dump(_unambiguous(document), stream)
    return file


def source_of(crd: str | Path | Object | None, subject: str | SubjectSpec) -> dict[str, Any]:
    """Where an operator and its kind come from, as far as a file can say it."""
    spec = subject if isinstance(subject, SubjectSpec) else SubjectSpec(name="", module=subject)
    source = {
        "crd": str(crd) if isinstance(crd, str | Path) else "",
        "subject": spec.module or shlex.join(spec.command),
        "env": dict(spec.env),
    }
    return {name: value for name, value in source.items() if value}


def name_of_finding(finding: Finding) -> str:
    """`removed-values-configmap-labels-3f9a`: readable, and the same for the same key."""
    words = re.sub(r"[^a-z0-9]+", "-", finding.key.lower()).strip("-")[:_WORDS_MAX].strip("-")
    digest = hashlib.blake2b(finding.key.encode(), digest_size=2).hexdigest()
    return f"{words}-{digest}"


def _unambiguous(value: Any) -> Any:
    """The same with quotes round every text that some reader of YAML takes for something else.

    Drawn values are full of them: `y`, `0o7`, `1:30`, an empty text.
    """
    if isinstance(value, Mapping):
        return {_unambiguous(name): _unambiguous(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unambiguous(item) for item in value]
    is_plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NO_TEXT
    if isinstance(value, str) and not is_plain:
        return LiteralScalarString(value) if _LINES.fullmatch(value) else Quoted(value)
    return value


def replay_line(file: Path) -> str:
    """The one line that plays a saved finding again."""
    return f"harness fuzz --replay {file}"
