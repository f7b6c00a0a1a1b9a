"""The CustomResourceDefinition as a kind: what it is given, what it is refused for, its status.

A CRD that passes is established at once: its names are accepted unless another CRD of the group
has them, and `served_resources` serves it from the same commit on.
Source: apiextensions `pkg/apis/apiextensions/validation` and the naming controller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..kinds.common import BuiltinStrategy
from ..requests import Object
from ..status import FieldError
from .checks import definition_errors, update_errors


class DefinitionStrategy(BuiltinStrategy):
    """Hooks of CustomResourceDefinition."""

    allocates = True

    def complete(self, document: Object) -> None:
        """`singular` and `listKind` follow from `kind`."""
        spec = document.get("spec") or {}
        kind_names = spec.get("names")
        if isinstance(kind_names, dict) and kind_names.get("kind"):
            kind_names.setdefault("singular", kind_names["kind"].lower())
            kind_names.setdefault("listKind", f"{kind_names['kind']}List")

    def prepare_create(self, document: Object) -> None:
        """The status starts with the storage version; the rest comes with `allocate`."""
        document["status"] = {
            "conditions": None,
            "acceptedNames": {"plural": "", "kind": ""},
            "storedVersions": storage_versions(document),
        }

    def allocate(self, document: Object, existing: Iterable[Object]) -> list[FieldError]:
        """Accept the names, or say who has them."""
        taken = [crd for crd in existing if _name(crd) != _name(document)]
        document["status"] = established(document, taken)
        return []

    def prepare_update(self, new: Object, old: Object) -> None:
        """The status is kept, with a new storage version added and new names accepted."""
        super().prepare_update(new, old)
        status = dict(new.get("status") or {})
        stored = list(status.get("storedVersions") or ())
        stored += [name for name in storage_versions(new) if name not in stored]
        status["storedVersions"] = stored
        names_changed = old.get("spec", {}).get("names") != new.get("spec", {}).get("names")
        if names_changed and is_established(old):
            status["acceptedNames"] = new.get("spec", {}).get("names")
        new["status"] = status

    def validate_create(self, document: Object) -> list[FieldError]:
        """Names, versions, schemas and rules."""
        return definition_errors(document)

    def validate_update(self, new: Object, old: Object) -> list[FieldError]:
        """The same, and group and scope stay what they are."""
        return definition_errors(new) + update_errors(new, old)


def _name(document: Object) -> str:
    return str(document["metadata"].get("name", ""))


def storage_versions(document: Object) -> list[str]:
    """Names of the versions marked as stored: one in a valid CRD."""
    versions = (document.get("spec") or {}).get("versions") or []
    return [version.get("name", "") for version in versions if version.get("storage")]


def is_established(document: Object) -> bool:
    """Whether the condition `Established` is true."""
    conditions = (document.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def established(document: Object, others: Iterable[Object]) -> Object:
    """The status of a new CRD beside the CRDs that exist."""
    spec = document["spec"]
    problem = _conflict(spec, others)
    since = document["metadata"].get("creationTimestamp")
    if problem is None:
        accepted = dict(spec["names"])
        conditions = [
            _condition("NamesAccepted", "True", since, "NoConflicts", "no conflicts found"),
            _condition(
                "Established",
                "True",
                since,
                "InitialNamesAccepted",
                "the initial names have been accepted",
            ),
        ]
    else:
        accepted = {"plural": "", "kind": ""}
        reason, message = problem
        conditions = [
            _condition("NamesAccepted", "False", since, reason, message),
            _condition("Established", "False", since, "NotAccepted", "not all names are accepted"),
        ]
    return {
        "conditions": conditions,
        "acceptedNames": accepted,
        "storedVersions": storage_versions(document),
    }


def _condition(kind: str, status: str, since: Any, reason: str, message: str) -> Object:
    return {
        "type": kind,
        "status": status,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }


def _conflict(spec: Mapping[str, Any], others: Iterable[Object]) -> tuple[str, str] | None:
    """Reason and message when another CRD of the group has a name already."""
    kind_names = spec["names"]
    taken: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        if other["spec"]["group"] == spec["group"]:
            has = (other.get("status") or {}).get("acceptedNames") or {}
            taken |= {
                has.get("plural", ""),
                has.get("singular", ""),
                *(has.get("shortNames") or ()),
            }
            kinds |= {has.get("kind", ""), has.get("listKind", "")}
    for reason, wanted in (
        ("PluralConflict", [kind_names["plural"]]),
        ("SingularConflict", [kind_names.get("singular", "")]),
        ("ShortNamesConflict", kind_names.get("shortNames") or []),
    ):
        for name in wanted:
            if name and name in taken:
                return reason, f'"{name}" is already in use'
    for reason, name in (
        ("KindConflict", kind_names["kind"]),
        ("ListKindConflict", kind_names.get("listKind", "")),
    ):
        if name in kinds:
            return reason, f'"{name}" is already in use'
    return None
