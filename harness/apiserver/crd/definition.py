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
from .conditions import is_established


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


def established(document: Object, others: Iterable[Object]) -> Object:
    """The status of a new CRD beside the CRDs that exist."""
    spec = document["spec"]
    since = document["metadata"].get("creationTimestamp")
    accepted, problems = _accept(spec["names"], _taken(spec["group"], others))
    if problems:
        reason, message = problems[-1]
        verdicts = [
            ("NamesAccepted", "False", reason, message),
            ("Established", "False", "NotAccepted", "not all names are accepted"),
        ]
    else:
        established_words = "the initial names have been accepted"
        verdicts = [
            ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
            ("Established", "True", "InitialNamesAccepted", established_words),
        ]
    return {
        "conditions": [
            {
                "type": kind,
                "status": status,
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            }
            for kind, status, reason, message in verdicts
        ],
        "acceptedNames": accepted,
        "storedVersions": storage_versions(document),
    }


def _taken(group: str, others: Iterable[Object]) -> tuple[set[str], set[str]]:
    """Resource names and kinds that other CRDs of a group have."""
    names: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        if other["spec"]["group"] == group:
            has = (other.get("status") or {}).get("acceptedNames") or {}
            names |= {has.get("plural", ""), has.get("singular", "")}
            names |= set(has.get("shortNames") or ())
            kinds |= {has.get("kind", ""), has.get("listKind", "")}
    return names - {""}, kinds - {""}


def _accept(
    wanted: Mapping[str, Any], taken: tuple[set[str], set[str]]
) -> tuple[Object, list[tuple[str, str]]]:
    """The names that are free, and reason and message for each that is not."""
    names, kinds = taken
    accepted: Object = {"plural": "", "kind": ""}
    problems: list[tuple[str, str]] = []
    for field, others in (
        ("plural", names),
        ("singular", names),
        ("shortNames", names),
        ("kind", kinds),
        ("listKind", kinds),
    ):
        value = wanted.get(field)
        used = [name for name in (value if isinstance(value, list) else [value]) if name in others]
        if used:
            reason = f"{field[0].upper()}{field[1:]}Conflict"
            problems.append((reason, f'"{used[0]}" is already in use'))
        elif value:
            accepted[field] = value
    if wanted.get("categories"):
        accepted["categories"] = wanted["categories"]
    return accepted, problems
