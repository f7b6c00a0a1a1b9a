"""What all built-in kinds share: defaults and checks that the schema alone decides."""

from __future__ import annotations

from ..requests import Object
from ..resource import Strategy
from ..schema.decoding import decode_builtin
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

    def decode(self, document: Object) -> None:
        """Into the form that the Go structs of the kind keep."""
        gvk = self.node.raw["x-kubernetes-group-version-kind"][0]
        decode_builtin(self.node, document, kind=gvk["kind"], version=gvk["version"])

    def default(self, document: Object) -> None:
        """Fixed defaults of the schema, then those of the kind."""
        apply_defaults(self.node, document)
        self.complete(document)

    def complete(self, document: Object) -> None:
        """Defaults that depend on other fields, in place."""
