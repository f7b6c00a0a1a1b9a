"""Recorded answers of the real server, one file a topic, one line a step."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conformance.playing import Answer
from tests.conformance.steps import Sequence

FOLDER = Path(__file__).parent / "golden"


def _file(topic: str) -> Path:
    return FOLDER / f"{topic}.json"


def recorded(sequence: Sequence) -> list[Answer] | None:
    """What the real server answered, or None when nobody asked it yet."""
    file = _file(sequence.topic)
    if not file.exists():
        return None
    answers: list[Answer] | None = json.loads(file.read_text()).get(sequence.claim)
    return answers


def record(topic: str, claims: list[str], answers: dict[str, list[Answer]]) -> None:
    """Replace the record of some claims of a topic; claims that are no more are dropped."""
    file = _file(topic)
    known = json.loads(file.read_text()) if file.exists() else {}
    merged = {**known, **answers}
    blocks = []
    for claim in (claim for claim in claims if claim in merged):
        lines = ",\n ".join(
            json.dumps(step, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            for step in merged[claim]
        )
        blocks.append(f"{json.dumps(claim)}: [\n {lines}\n]")
    FOLDER.mkdir(exist_ok=True)
    file.write_text("{\n" + ",\n".join(blocks) + "\n}\n")
