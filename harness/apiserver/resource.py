"""What the server knows of one served resource: names, schema, and what is special about it.

A resource is data (`Resource`) plus a `Strategy` for what data cannot say. The way of a write is
the same for all of them, built-in and custom, and lives in the verbs:

    decode > unknown fields > default > prepare > metadata > validate > store

so that the next kind is an entry in the registry, not another path. Decoding of a built-in kind
refuses what its Go types cannot hold (400); `allocate` runs inside the commit of a create, when the
objects that exist are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .requests import Object
from .schema.node import Node
from .status import FieldError


class Strategy:
    """Hooks of one kind; each edits or judges a private copy. The base does what most kinds do."""

    #: Fields beside `status` that subresource writes keep apart; most kinds have none.
    has_status = False
    #: Whether a changed annotation raises `metadata.generation` as well.
    annotations_are_desired = False
    #: Whether changes outside metadata and status raise `metadata.generation`.
    has_generation = True

    #: Whether a create must call `allocate` with the objects of this resource that exist.
    allocates = False

    def decode(self, document: Object) -> None:
        """Bring a document that arrived into the form in which it is stored, in place.

        Raises:
            ApiError: 400 when a value has a type that its field cannot hold.
        """

    def allocate(self, document: Object, existing: Iterable[Object]) -> list[FieldError]:
        """Give what must be unique among all objects (addresses, ports), in place."""
        return []

    def drop_nulls(self, document: Object) -> None:
        """Remove nulls that are no values from what a client sent, in place.

        Not from the result of an apply: what an applier left empty is null, and has to be valid.
        """

    def default(self, document: Object) -> None:
        """Fill in defaults, in place; also applied to nothing-but-changed fields of an update."""

    def prepare_create(self, document: Object) -> None:
        """Drop what a creator may not set (status), in place."""
        if self.has_status:
            document.pop("status", None)

    def prepare_update(self, new: Object, old: Object) -> None:
        """Restore what this write may not change (status on the main resource), in place."""
        if self.has_status:
            if "status" in old:
                new["status"] = old["status"]
            else:
                new.pop("status", None)

    def prepare_status_update(self, new: Object, old: Object) -> None:
        """On `/status`: everything but the status (and managedFields) stays as it was, in place."""
        for key in set(new) | set(old):
            if key not in ("status", "metadata"):
                if key in old:
                    new[key] = old[key]
                else:
                    new.pop(key, None)
        kept = {k: v for k, v in old["metadata"].items() if k not in ("managedFields",)}
        written = new.get("metadata", {})
        for key in ("managedFields", "resourceVersion", "uid"):
            if key in written:
                kept[key] = written[key]
        new["metadata"] = kept

    def validate_create(self, document: Object) -> list[FieldError]:
        """What is wrong with a new object."""
        return []

    def validate_update(self, new: Object, old: Object) -> list[FieldError]:
        """What is wrong with a changed object, immutable fields included."""
        return []

    def validate_status_update(self, new: Object, old: Object) -> list[FieldError]:
        """What is wrong with a changed status."""
        return []

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """Field selector values beyond metadata.name and metadata.namespace."""
        return {}


@dataclass(frozen=True, slots=True)
class PrinterColumn:
    """One column of a Table; `path` is the JSONPath of CRD printer columns without braces."""

    name: str
    type: str
    path: str = ""
    format: str = ""
    description: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where `/scale` reads and writes, as in a CRD's `subresources.scale` (leading dot kept)."""

    spec_replicas: str
    status_replicas: str
    label_selector: str = ""


@dataclass(frozen=True, slots=True)
class Conversion:
    """Where and how objects of a built-in kind are stored that is a view of another one.

    Both functions leave what they are given alone, and return a document that has the wanted form
    already as it is.
    """

    storage_key: tuple[str, str]
    api_version: str
    to_stored: Callable[[Object], Object]
    from_stored: Callable[[Object], Object]


@dataclass(frozen=True, eq=False)
class Resource:
    """One version of one served resource."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    node: Node
    strategy: Strategy
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = (
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    )
    #: status, scale, ... ; which of them are served.
    subresources: tuple[str, ...] = ()
    scale: ScalePaths | None = None
    columns: tuple[PrinterColumn, ...] = ()
    custom: bool = False
    #: For a kind whose objects are stored as another one.
    conversion: Conversion | None = None
    #: The CRD object behind a custom resource.
    definition: Mapping[str, Any] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """As objects carry it: `apps/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage_key(self) -> tuple[str, str]:
        """Under which key of the store all versions of this resource live."""
        if self.conversion is not None:
            return self.conversion.storage_key
        return self.group, self.plural

    @property
    def qualified(self) -> str:
        """`deployments.apps`, or just `pods`, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural
