"""What all built-in kinds share: decoding, defaults and checks that the schema alone decides."""

from __future__ import annotations

from .. import documents
from ..requests import Object
from ..resource import Strategy
from ..schema.decoding import decode_builtin
from ..schema.defaulting import apply_defaults
from ..schema.node import Node
from ..status import FieldError


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
        """Fixed defaults of the schema, then those of the kind; a spec is never missing."""
        if "spec" in self.node.properties:
            document.setdefault("spec", {})
        apply_defaults(self.node, document)
        self.complete(document)

    def complete(self, document: Object) -> None:
        """Defaults that depend on other fields, in place."""

    def prepare_create(self, document: Object) -> None:
        """A new object starts with the status that the kind starts with."""
        if self.has_status:
            document.pop("status", None)
            default = self.node.properties["status"].raw.get("default")
            if default is not None:
                document["status"] = documents.copy(default)

    def prepare_status_update(self, new: Object, old: Object) -> None:
        """On `/status`: the spec and the like stay as they were; metadata is taken as written.

        Custom resources differ: there a write of the status leaves metadata alone.
        """
        for key in set(new) | set(old):
            if key not in ("status", "metadata"):
                if key in old:
                    new[key] = old[key]
                else:
                    new.pop(key, None)

    def check(self, document: Object) -> list[FieldError]:
        """What is wrong with an object, new or changed."""
        return []

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """What may not change."""
        return []

    def validate_create(self, document: Object) -> list[FieldError]:
        """Whatever is wrong with the object."""
        return self.check(document)

    def validate_update(self, new: Object, old: Object) -> list[FieldError]:
        """Whatever is wrong with the object, then what may not have changed."""
        return self.check(new) + self.compare(new, old)
