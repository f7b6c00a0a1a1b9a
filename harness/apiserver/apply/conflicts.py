"""Conflicts: fields that an applier wants to change while another manager owns them."""

from __future__ import annotations

from dataclasses import dataclass

from ..status import ApiError
from .field_set import FieldSet, Path, paths
from .managed_fields import Manager
from .path_element import printed


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field that `manager` owns."""

    manager: Manager
    path: Path


def conflicts_in(owned: dict[Manager, FieldSet]) -> list[Conflict]:
    """Every field of every set, managers in order."""
    return [Conflict(manager, path) for manager in sorted(owned) for path in paths(owned[manager])]


def conflict_error(conflicts: list[Conflict]) -> ApiError:
    """409 with one cause for each field."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {conflict.manager}",
            "field": printed(conflict.path),
        }
        for conflict in conflicts
    ]
    return ApiError(409, "Conflict", _message(conflicts), details={"causes": causes})


def _message(conflicts: list[Conflict]) -> str:
    if len(conflicts) == 1:
        only = conflicts[0]
        where = printed(only.path)
        return f"Apply failed with 1 conflict: conflict with {only.manager}: {where}"
    lines: list[str] = []
    previous: Manager | None = None
    for conflict in conflicts:
        if conflict.manager != previous:
            lines.append(f"conflicts with {conflict.manager}:")
            previous = conflict.manager
        lines.append(f"- {printed(conflict.path)}")
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
