"""The strategy of custom resources: everything follows from the schema of their CRD.

A written object is decoded (metadata as that of any object), pruned, defaulted, rid of nulls that
are no values, and then judged: by the schema, as embedded resources, as sets and maps, and last by
the CEL rules, which only run on an object that is sound so far. An update is judged where it
changed something.
Source: Kubernetes "Extend the API with CustomResourceDefinitions"; apiextensions
`pkg/registry/customresource/strategy.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..requests import Object
from ..resource import Strategy
from ..schema.decoding import decode_metadata
from ..schema.defaulting import apply_defaults, drop_nulls
from ..schema.list_types import list_type_errors
from ..schema.node import Node
from ..schema.validation import ABSENT, join, validate
from ..status import FieldError, invalid_value, required, show
from .rules import evaluate

#: After one of these, rules are not run: they may rely on what is missing.
_BLOCKING = (
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
)
_NOT_CHECKED = FieldError(
    "FieldValueInvalid",
    "<nil>",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)


class CustomStrategy(Strategy):
    """Hooks of the custom resources of one version of a CRD.

    Args:
        schema: The compiled schema of that version.
        kind: For messages.
        version: The entry of `spec.versions`.
    """

    def __init__(self, schema: Any, kind: str, version: Mapping[str, Any]) -> None:
        subresources = version.get("subresources") or {}
        self.schema = schema
        self.kind = kind
        self.version = version["name"]
        self.has_status = "status" in subresources
        self.replicas_path = (subresources.get("scale") or {}).get("specReplicasPath", "")
        self.selectable = [row["jsonPath"] for row in version.get("selectableFields") or ()]

    def decode(self, document: Object) -> None:
        """Metadata of the right types; numbers without a fraction are integers."""
        decode_metadata(document, kind=self.kind, version=self.version)
        whole_numbers(document)

    def default(self, document: Object) -> None:
        """Defaults of the schema."""
        apply_defaults(self.schema.judged, document)

    def drop_nulls(self, document: Object) -> None:
        """Nulls that are no values go; where there is a default, it takes their place later."""
        drop_nulls(self.schema.judged, document)

    def validate_create(self, document: Object) -> list[FieldError]:
        """All that the schema and its rules say."""
        errors = self._shape(document, ABSENT)
        errors += list_type_errors(self.schema.judged, document, "")
        return errors + self._rules(document, ABSENT, errors)

    def validate_update(self, new: Object, old: Object) -> list[FieldError]:
        """As on creation, for what changed; transition rules compare with the old object."""
        errors = self._shape(new, old)
        found = list_type_errors(self.schema.judged, new, "")
        if found and not list_type_errors(self.schema.judged, old, ""):
            errors += found
        return errors + self._rules(new, old, errors)

    def validate_status_update(self, new: Object, old: Object) -> list[FieldError]:
        """The same as on the main resource."""
        return self.validate_update(new, old)

    def _shape(self, document: Object, old: Any) -> list[FieldError]:
        errors = validate(self.schema.judged, document, "", old)
        errors += self._replica_errors(document)
        if self.schema.judged.bears_embedded:
            errors += embedded_errors(self.schema.judged, document, "")
        return errors

    def _replica_errors(self, document: Object) -> list[FieldError]:
        value = value_at(document, self.replicas_path) if self.replicas_path else None
        if isinstance(value, int) and value < 0:
            path = self.replicas_path.removeprefix(".")
            return [invalid_value(path, value, "should be a non-negative integer")]
        return []

    def _rules(self, new: Object, old: Any, errors: list[FieldError]) -> list[FieldError]:
        rules = self.schema.rules
        if rules is None:
            return []
        if any(error.type in _BLOCKING for error in errors):
            return [_NOT_CHECKED]
        return evaluate(rules, new, old)

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """The fields that the CRD names, as text; an absent one is empty."""
        found: dict[str, str] = {}
        for path in self.selectable:
            value = value_at(document, path)
            text = "" if value is None else show(value) if not isinstance(value, str) else value
            found[path.removeprefix(".")] = text
        return found


def value_at(document: Any, path: str) -> Any:
    """The value at a simple JSON path (`.spec.replicas`), or None."""
    for name in path.removeprefix(".").split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(name)
    return document


def embedded_errors(node: Node, value: Any, path: str) -> list[FieldError]:
    """Embedded resources must say what they are."""
    errors: list[FieldError] = []
    if isinstance(value, dict):
        if node.embedded and path:
            errors += [required(join(path, k)) for k in ("apiVersion", "kind") if not value.get(k)]
        for name in sorted(value):
            below = node.field(name)
            if below is not None:
                errors += embedded_errors(below, value[name], join(path, name))
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            errors += embedded_errors(node.items, item, f"{path}[{index}]")
    return errors


def whole_numbers(value: Any) -> Any:
    """The value with `3.0` as `3`, containers edited in place."""
    if isinstance(value, dict):
        for name, item in value.items():
            value[name] = whole_numbers(item)
    elif isinstance(value, list):
        value[:] = [whole_numbers(item) for item in value]
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    return value
