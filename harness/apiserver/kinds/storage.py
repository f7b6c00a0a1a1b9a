"""PersistentVolumeClaim, PersistentVolume, StorageClass.

A claim asks, a volume is, a class says how volumes are made. Claim and volume get a finalizer each
that keeps them while they are in use; controllers take it off again.
Source: k8s.io/kubernetes `pkg/apis/core/validation`, `pkg/apis/storage/validation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..names import dns_subdomain, qualified_name
from ..requests import Object
from ..schema.quantity import parse
from ..status import FieldError, duplicate, forbidden_field, invalid_value, not_supported, required
from .checks import IMMUTABLE, named, one_of, optional_name, selector_errors, unchanged
from .common import BuiltinStrategy

CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
VOLUME_PROTECTION = "kubernetes.io/pv-protection"

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_ALONE = "may not use ReadWriteOncePod with other access modes"
_POSITIVE = "must be greater than zero"
_CLAIM_IMMUTABLE = (
    "spec is immutable after creation except resources.requests and "
    "volumeAttributesClassName for bound claims"
)
#: What a PersistentVolumeSpec has beside its source.
_NOT_A_SOURCE = (
    "accessModes",
    "capacity",
    "claimRef",
    "mountOptions",
    "nodeAffinity",
    "persistentVolumeReclaimPolicy",
    "storageClassName",
    "volumeAttributesClassName",
    "volumeMode",
)
#: The kinds that a claim may be filled from without a group.
_SOURCES_OF_CORE = ("PersistentVolumeClaim",)


class ClaimStrategy(BuiltinStrategy):
    """Hooks of PersistentVolumeClaim."""

    def complete(self, document: Object) -> None:
        """`dataSource` and `dataSourceRef` are the same thing; other core kinds are dropped."""
        spec = document.get("spec") or {}
        source = spec.get("dataSource") or spec.get("dataSourceRef")
        if source is None:
            return
        if not source.get("apiGroup") and source.get("kind") not in _SOURCES_OF_CORE:
            spec.pop("dataSource", None)
            return
        source = {"apiGroup": None, **source}
        spec["dataSource"] = spec["dataSourceRef"] = source

    def prepare_create(self, document: Object) -> None:
        """Pending, and protected while it is used."""
        document["status"] = {"phase": "Pending"}
        _protect(document, CLAIM_PROTECTION)

    def check(self, document: Object) -> list[FieldError]:
        """Access modes, a size, a class."""
        return claim_spec_errors(document.get("spec") or {}, "spec")

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """Binding fills in class and volume; a bound claim may ask for more, never for less."""
        now, before = dict(new.get("spec") or {}), dict(old.get("spec") or {})
        status = old.get("status") or {}
        for field in ("storageClassName", "volumeName"):
            if not before.get(field):
                now.pop(field, None)
                before.pop(field, None)
        errors: list[FieldError] = []
        if status.get("phase") == "Bound":
            errors = _shrink_errors(now, before, status)
            for spec in (now, before):
                _without_storage(spec)
                spec.pop("volumeAttributesClassName", None)
        if now != before:
            errors = [forbidden_field("spec", _CLAIM_IMMUTABLE)]
        return errors + unchanged(now.get("volumeMode"), before.get("volumeMode"), "volumeMode")


def _protect(document: Object, finalizer: str) -> None:
    finalizers = document["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)


def _without_storage(spec: Object) -> None:
    """Leave out what was asked for."""
    resources = dict(spec.get("resources") or {})
    requests = {k: v for k, v in (resources.get("requests") or {}).items() if k != "storage"}
    spec["resources"] = {**resources, "requests": requests}


def _shrink_errors(now: Object, before: Object, status: Object) -> list[FieldError]:
    """A bound claim may ask for less than before only while that is more than it has."""
    wanted, known = storage_request(now), storage_request(before)
    if wanted is None or known is None or parse(wanted) >= parse(known):
        return []
    capacity = (status.get("capacity") or {}).get("storage")
    if capacity is not None and parse(wanted) > parse(capacity):
        return []
    words = "field can not be less than status.capacity"
    return [forbidden_field("spec.resources.requests.storage", words)]


def storage_request(spec: Object) -> str | None:
    """How much a claim asks for."""
    amount: str | None = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    return amount


def claim_spec_errors(spec: Object, path: str) -> list[FieldError]:
    """What is wrong with the spec of a claim or of a claim template."""
    modes = spec.get("accessModes") or []
    errors: list[FieldError] = []
    if spec.get("selector"):
        errors += selector_errors(spec["selector"], f"{path}.selector")
    if not modes:
        errors.append(required(f"{path}.accessModes", "at least 1 access mode is required"))
    errors += _mode_errors(modes, f"{path}.accessModes")
    size = storage_request(spec)
    if size is None:
        errors.append(required(f"{path}.resources[storage]"))
    elif parse(size) <= 0:
        errors.append(invalid_value(f"{path}.resources[storage]", size, _POSITIVE))
    name = spec.get("storageClassName")
    errors += optional_name(name, f"{path}.storageClassName", dns_subdomain)
    mode = spec.get("volumeMode", "Filesystem")
    return errors + one_of(mode, f"{path}.volumeMode", ("Block", "Filesystem"))


def _mode_errors(modes: Sequence[str], path: str) -> list[FieldError]:
    errors = [error for mode in modes for error in one_of(mode, path, _ACCESS_MODES)]
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        errors.append(forbidden_field(path, _ALONE))
    return errors


class VolumeStrategy(BuiltinStrategy):
    """Hooks of PersistentVolume."""

    def complete(self, document: Object) -> None:
        """A path of a host has a type, which may be empty."""
        path = (document.get("spec") or {}).get("hostPath")
        if path is not None:
            path.setdefault("type", "")

    def prepare_create(self, document: Object) -> None:
        """Pending, and protected while it is bound."""
        now = document["metadata"].get("creationTimestamp")
        document["status"] = {"phase": "Pending"}
        if now:
            document["status"]["lastPhaseTransitionTime"] = now
        _protect(document, VOLUME_PROTECTION)

    def check(self, document: Object) -> list[FieldError]:
        """Access modes, a size, a source."""
        spec = document.get("spec") or {}
        modes = spec.get("accessModes") or []
        errors = [] if modes else [required("spec.accessModes")]
        errors += _mode_errors(modes, "spec.accessModes")
        errors += _capacity_errors(spec.get("capacity"))
        policies = ("Delete", "Recycle", "Retain")
        policy = spec.get("persistentVolumeReclaimPolicy", "Retain")
        errors += one_of(policy, "spec.persistentVolumeReclaimPolicy", policies)
        errors += _affinity_errors(spec.get("nodeAffinity"))
        errors += _source_errors(spec)
        name = spec.get("storageClassName")
        errors += optional_name(name, "spec.storageClassName", dns_subdomain)
        mode = spec.get("volumeMode", "Filesystem")
        return errors + one_of(mode, "spec.volumeMode", ("Block", "Filesystem"))

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """The source and the mode stay."""
        now, before = _source(new.get("spec") or {}), _source(old.get("spec") or {})
        errors: list[FieldError] = []
        if now != before:
            words = "spec.persistentvolumesource is immutable after creation"
            errors.append(forbidden_field("spec.persistentvolumesource", words))
        modes = [(each.get("spec") or {}).get("volumeMode") for each in (new, old)]
        return errors + unchanged(modes[0], modes[1], "volumeMode")


def _source(spec: Object) -> Object:
    return {key: value for key, value in spec.items() if key not in _NOT_A_SOURCE}


def _capacity_errors(capacity: Mapping[str, str] | None) -> list[FieldError]:
    path = "spec.capacity"
    errors = [] if capacity else [required(path)]
    if not capacity or list(capacity) != ["storage"]:
        shown = dict(sorted(capacity.items())) if capacity is not None else None
        errors.append(not_supported(path, shown, ("storage",)))
    for name, text in (capacity or {}).items():
        if parse(text) < 0:
            words = "must be a valid resource quantity"
            errors.append(invalid_value(f"{path}[{name}]", int(parse(text)), words))
        if parse(text) <= 0:
            errors.append(invalid_value(f"{path}[{name}]", text, _POSITIVE))
    return errors


def _affinity_errors(affinity: Any) -> list[FieldError]:
    path = "spec.nodeAffinity.required"
    if affinity is None:
        return []
    needed = affinity.get("required")
    if needed is None:
        return [required(path, "must specify required node constraints")]
    if not needed.get("nodeSelectorTerms"):
        words = "must have at least one node selector term"
        return [required(f"{path}.nodeSelectorTerms", words)]
    return []


def _source_errors(spec: Object) -> list[FieldError]:
    sources = list(_source(spec))
    if not sources:
        return [required("spec", "must specify a volume type")]
    first, *others = sorted(sources, key=lambda name: (name != "hostPath", name))
    words = "may not specify more than 1 volume type"
    errors = [forbidden_field(f"spec.{name}", words) for name in others]
    if first == "hostPath":
        errors += _path_errors(spec["hostPath"].get("path", ""))
    if first == "local" and not spec.get("nodeAffinity"):
        errors.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
    return errors


def _path_errors(path: str) -> list[FieldError]:
    if not path:
        return [required("spec.hostPath.path")]
    if ".." in path.split("/"):
        return [invalid_value("spec.hostPath.path", path, "must not contain '..'")]
    return []


class StorageClassStrategy(BuiltinStrategy):
    """Hooks of StorageClass."""

    def check(self, document: Object) -> list[FieldError]:
        """A provisioner, its parameters, when and where volumes are made."""
        provisioner = document.get("provisioner", "").lower()
        errors = named(provisioner, "provisioner", qualified_name)
        if "" in (document.get("parameters") or {}):
            errors.append(invalid_value("parameters", "", "field can not be empty."))
        policy = document.get("reclaimPolicy", "Delete")
        errors += one_of(policy, "reclaimPolicy", ("Delete", "Retain"))
        modes = ("Immediate", "WaitForFirstConsumer")
        mode = document.get("volumeBindingMode", "Immediate")
        errors += one_of(mode, "volumeBindingMode", modes)
        return errors + _topology_errors(document.get("allowedTopologies") or ())

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """Only what concerns later volumes may change: expansion, mount options, topologies."""
        fields = ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")
        changed = [name for name in fields if (new.get(name) or {}) != (old.get(name) or {})]
        return [invalid_value(name, None, IMMUTABLE) for name in changed]


def _topology_errors(terms: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: list[Any] = []
    for index, term in enumerate(terms):
        path = f"allowedTopologies[{index}].matchLabelExpressions"
        rules = term.get("matchLabelExpressions") or []
        for at, rule in enumerate(rules):
            if not rule.get("values"):
                errors.append(required(f"{path}[{at}].values"))
        if not rules or rules in seen:
            errors.append(duplicate(path, ""))
        seen.append(rules)
    return errors
