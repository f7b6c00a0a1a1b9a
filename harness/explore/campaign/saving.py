"""Findings as files: `.harness/fuzz/NAME.yaml`, to be read, kept and played again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from harness.scenario.model import API_VERSION

from ..documents import operations_document
from .plan import CampaignPlan
from .shrinking import Shrunk

FOLDER = Path(".harness/fuzz")
_WORDS_MAX = 40


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
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    # As written: what it is, then what is done. The stubs say None, where the class has a bool.
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 100
    file = folder / f"{name}.yaml"
    with file.open("w") as stream:
        yaml.dump(dict(document), stream)
    return file


def replay_line(file: Path) -> str:
    """The one line that plays a saved finding again."""
    return f"harness fuzz --replay {file}"
