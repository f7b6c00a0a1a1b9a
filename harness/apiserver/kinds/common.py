"""What all built-in kinds share: defaults and checks that the schema alone decides."""

from __future__ import annotations

from ..requests import Object
from ..resource import Strategy
from ..schema.defaulting import apply_defaults
from ..schema.node import Node


class BuiltinStrategy(Strategy):
    """Base of the strategies of built-in kinds.

    Args:
        node: The schema of the kind.
        has_status: Whether a status subresource keeps the status apart.
        has_generation: Whether `metadata.generation` counts changes of the rest.
    """

    def __init__(self, node: Node, *, has_status: bool, has_generation: bool) -> None:
        self.node = node
        self.has_status = has_status
        self.has_generation = has_generation

    def default(self, document: Object) -> None:
        """Fixed defaults of the schema, then those of the kind."""
        apply_defaults(self.node, document)
        self.complete(document)

    def complete(self, document: Object) -> None:
        """Defaults that depend on other fields, in place."""
