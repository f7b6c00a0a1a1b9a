"""x"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.apiserver.schema.node import Node

from .required import SearchStrategy

HintsSource = Any


@dataclass(frozen=True)
class Hint:
    means: str


def hints_for(kind: Any, hints: HintsSource) -> dict[str, Hint]:
    return {}


def hinted(hint: Hint, node: Node) -> SearchStrategy[Any] | None:
    return None
