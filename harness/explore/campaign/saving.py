"""Findings as files: `.harness/fuzz/NAME.yaml`, to be read, kept and played again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted
from ruamel.yaml.scalarstring import LiteralScalarString

from harness.scenario.model import API_VERSION

from ..documents import operations_document
from .plan import CampaignPlan
from .shrinking import Shrunk

FOLDER = Path(".harness/fuzz")
_WORDS_MAX = 40
#: Text that every reader takes for text: words of more letters than those that mean a truth value.
_PLAIN = re.compile(r"[A-Za-z][-A-Za-z0-9./]{5,}")
#: Text of several lines that a block shows as it is.
_LINES = re.compile(r"[!-~][ -~]*(\n[ -~]*[!-~])+")


def name_of_finding(found: Shrunk) -> str:
    """`removed-values-configmap-labels-3f9a`: readable, and the same for the same key."""
    words = re.sub(r"[^a-z0-9]+", "-", found.key.lower()).strip("-")[:_WORDS_MAX].strip("-")
    digest = hashlib.blake2b(found.key.encode(), digest_size=2).hexdigest()
    return f"{words}-{digest}"


def trial_document(plan: CampaignPlan, found: Shrunk) -> dict[str, Any]:
    """A finding as a `Trial`."""
    spec = {
        "target": dict(plan.source),
        **operations_document(found.example.operations, seed=found.example.seed),
        "finding": {
            "oracle": found.finding.oracle,
            "key": found.key,
            "message": found.finding.message,
        },
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "Trial",
        "metadata": {"name": name_of_finding(found)},
        "spec": spec,
    }


def save(folder: Path, name: str, document: Mapping[str, Any]) -> Path:
    """Write a document; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    yaml = YAML(pure=True)
    yaml.width = 100
    file = folder / f"{name}.yaml"
    with file.open("w") as stream:
        yaml.dump(_unambiguous(document), stream)
    return file


def _unambiguous(value: Any) -> Any:
    """The same with quotes round every text that some reader of YAML takes for something else.

    Drawn values are full of them: `y`, `0o7`, `1:30`, an empty text.
    """
    if isinstance(value, Mapping):
        return {_unambiguous(name): _unambiguous(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unambiguous(item) for item in value]
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return LiteralScalarString(value) if _LINES.fullmatch(value) else Quoted(value)
    return value


def replay_line(file: Path) -> str:
    """The one line that plays a saved finding again."""
    return f"harness fuzz --replay {file}"
