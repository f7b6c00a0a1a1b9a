"""What an operation does to one resource, in the words of Kubernetes.

Pulumi knows resources by its own types and names (`kubernetes:apps/v1:Deployment`, `operator`);
people know the object that comes of it (`Deployment ai-system/ai-operator`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SIGNS = {"create": "+", "update": "~", "delete": "-", "replace": "±"}


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that was, or would be, changed.

    `action` is `create`, `update`, `delete` or `replace`; `name` is Pulumi's; `object` is
    `namespace/name` in the cluster; `fields` are the paths that differ.
    """

    action: str
    kind: str
    name: str
    object: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        sign = _SIGNS.get(self.action, "?")
        fields = f": {', '.join(self.fields)}" if self.fields else ""
        return f"{sign} {self.kind} {self.object}{fields}"


def change(message: Mapping[str, Any]) -> Change:
    """The change that a message of the driver tells."""
    fields: Sequence[str] = message["fields"]
    return Change(
        message["action"], message["kind"], message["name"], message["object"], tuple(fields)
    )
