"""What the objects under test should be after some operations, by what was asked for alone.

It tells what can be asked for next, so that operations make sense before any of them is carried
out. It is a guess, not the truth: an operation that the cluster refuses leaves the model ahead of
it, and the next operations are then skipped or refused, which is judged as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.apiserver.requests import Object

from .operations import Create, Delete, Operation, Update


@dataclass(slots=True)
class Model:
    """Operations so far, and what they lead to.

    Args:
        names: The objects that may exist.
    """

    names: Sequence[str]
    operations: list[Operation] = field(default_factory=list)
    #: The valid specs that each existing object was given, the present one last.
    living: dict[str, list[Object]] = field(default_factory=dict)

    @property
    def free(self) -> list[str]:
        """Names that nothing has."""
        return [name for name in self.names if name not in self.living]

    def add(self, operation: Operation) -> None:
        """One more operation."""
        self.operations.append(operation)
        if isinstance(operation, Create | Update) and not operation.invalid:
            self.living.setdefault(operation.name, []).append(operation.spec)
        elif isinstance(operation, Delete) and not operation.recreate:
            self.living.pop(operation.name, None)
