"""What a CRD is refused for, in the order of the real server.

Where all versions agree on schema, subresources or columns, upstream moves them to the top, so the
paths of errors in them do not name a version (`spec.validation.openAPIV3Schema...`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..names import dns_label_1035, dns_subdomain
from ..requests import Object
from ..status import (
    FieldError,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)
from .rule_checks import rule_errors
from .schema import schema_of
from .structural import schema_errors

Version = Mapping[str, Any]

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SIMPLE_PATH = re.compile(r"(\.[-A-Za-z0-9_]+)+")


def definition_errors(crd: Object) -> list[FieldError]:
    """What is wrong with a CRD."""
    spec = crd.get("spec") or {}
    kind_names = spec.get("names") or {}
    errors: list[FieldError] = []
    name = crd["metadata"].get("name", "")
    if name != f"{kind_names.get('plural', '')}.{spec.get('group', '')}":
        words = 'must be spec.names.plural+"."+spec.group'
        errors.append(invalid_value("metadata.name", name, words))
    errors += _group_errors(spec.get("group", ""))
    errors += _scope_errors(spec.get("scope", ""))
    versions: Sequence[Version] = spec.get("versions") or []
    errors += _version_errors(versions)
    errors += _storage_errors(spec)
    errors += _name_errors(kind_names)
    errors += _conversion_errors(spec)
    if spec.get("preserveUnknownFields"):
        words = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
            "spec.versions[*].schema instead"
        )
        errors.append(invalid_value("spec.preserveUnknownFields", True, words))
    return errors + _stored_errors(crd, versions)


def update_errors(new: Object, old: Object) -> list[FieldError]:
    """What may not change once a CRD is there."""
    errors: list[FieldError] = []
    for field in ("scope", "group"):
        before, now = old["spec"].get(field), (new.get("spec") or {}).get(field)
        if before != now:
            errors.append(invalid_value(f"spec.{field}", now, "field is immutable"))
    before, now = old["spec"]["names"]["plural"], new["spec"].get("names", {}).get("plural")
    if before != now:
        errors.append(invalid_value("spec.names.plural", now, "field is immutable"))
    return errors


def _group_errors(group: str) -> list[FieldError]:
    if not group:
        return [required("spec.group")]
    complaints = dns_subdomain(group)
    if not complaints and "." not in group:
        complaints = ["should be a domain with at least one dot"]
    return [invalid_value("spec.group", group, complaint) for complaint in complaints]


def _scope_errors(scope: str) -> list[FieldError]:
    if not scope:
        return [required("spec.scope")]
    allowed = ("Cluster", "Namespaced")
    return [] if scope in allowed else [not_supported("spec.scope", scope, allowed)]


def _agreed(versions: Sequence[Version], field: str) -> bool:
    return len({repr(version.get(field)) for version in versions}) == 1


def _version_errors(versions: Sequence[Version]) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, version in enumerate(versions):
        at = f"spec.versions[{index}]"
        name = version.get("name", "")
        errors += [invalid_value(f"{at}.name", name, c) for c in dns_label_1035(name)]
        if (version.get("schema") or {}).get("openAPIV3Schema") is None:
            errors.append(required(f"{at}.schema.openAPIV3Schema"))
    errors += _hoisted(versions, "schema", "spec.validation", _schema_errors)
    errors += _hoisted(versions, "subresources", "spec.subresources", _subresource_errors)
    errors += _hoisted(
        versions, "additionalPrinterColumns", "spec.additionalPrinterColumns", _column_errors
    )
    errors += _hoisted(versions, "selectableFields", "spec.selectableFields", _selectable_errors)
    return errors


def _hoisted(versions: Sequence[Version], field: str, top: str, check: Any) -> Iterator[FieldError]:
    """Errors of one field of all versions, once if they agree."""
    if versions and _agreed(versions, field):
        yield from check(versions[0], top)
        return
    for index, version in enumerate(versions):
        yield from check(version, f"spec.versions[{index}].{field}")


def _schema_errors(version: Version, path: str) -> list[FieldError]:
    raw = (version.get("schema") or {}).get("openAPIV3Schema")
    if raw is None:
        return []
    at = f"{path}.openAPIV3Schema"
    return schema_errors(raw, at) or rule_errors(schema_of(version).judged, at)


def _subresource_errors(version: Version, path: str) -> list[FieldError]:
    scale = (version.get("subresources") or {}).get("scale")
    if scale is None:
        return []
    at = f"{path}.scale"
    errors = _scale_path_errors(scale, "specReplicasPath", (".spec.",), at, needed=True)
    errors += _scale_path_errors(scale, "statusReplicasPath", (".status.",), at, needed=True)
    roots = (".spec.", ".status.")
    return errors + _scale_path_errors(scale, "labelSelectorPath", roots, at, needed=False)


def _scale_path_errors(
    scale: Mapping[str, Any], field: str, roots: tuple[str, ...], at: str, *, needed: bool
) -> list[FieldError]:
    path = scale.get(field, "")
    if not path:
        return [required(f"{at}.{field}")] if needed else []
    if not _SIMPLE_PATH.fullmatch(path):
        return [invalid_value(f"{at}.{field}", path, "must be a simple json path starting with .")]
    if not path.startswith(roots):
        places = " or ".join(root.rstrip(".") for root in roots)
        either = "either " if len(roots) > 1 else ""
        words = f"should be a json path under {either}{places}"
        return [invalid_value(f"{at}.{field}", path, words)]
    return []


def _column_errors(version: Version, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        at = f"{path}[{index}]"
        kind, shape, source = column.get("type"), column.get("format"), column.get("jsonPath")
        if not column.get("name"):
            errors.append(required(f"{at}.name"))
        if not kind:
            errors.append(required(f"{at}.type", f"must be one of {','.join(_COLUMN_TYPES)}"))
        elif kind not in _COLUMN_TYPES:
            words = f"must be one of {','.join(_COLUMN_TYPES)}"
            errors.append(invalid_value(f"{at}.type", kind, words))
        if shape and shape not in _COLUMN_FORMATS:
            words = f"must be one of {','.join(_COLUMN_FORMATS)}"
            errors.append(invalid_value(f"{at}.format", shape, words))
        if not source:
            errors.append(required(f"{at}.JSONPath"))
        elif not source.startswith("."):
            words = "must be a simple json path starting with ."
            errors.append(invalid_value(f"{at}.JSONPath", source, words))
    return errors


def _selectable_errors(version: Version, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    judged = schema_of(version).judged
    for index, row in enumerate(version.get("selectableFields") or ()):
        node: Any = judged
        for name in row.get("jsonPath", "").removeprefix(".").split("."):
            node = node.properties.get(name) if node is not None else None
        if node is None or node.type not in ("string", "integer", "boolean"):
            words = "is an invalid path: does not refer to a valid field"
            at = f"{path}[{index}].jsonPath"
            errors.append(invalid_value(at, row.get("jsonPath", ""), words))
    return errors


def _storage_errors(spec: Mapping[str, Any]) -> list[FieldError]:
    versions = spec.get("versions") or []
    errors: list[FieldError] = []
    shown = _go_versions(spec.get("versions"))
    if len({version.get("name") for version in versions}) < len(versions):
        errors.append(invalid_value("spec.versions", shown, "must contain unique version names"))
    if sum(1 for version in versions if version.get("storage")) != 1:
        words = "must have exactly one version marked as storage version"
        errors.append(invalid_value("spec.versions", shown, words))
    first = versions[0].get("name", "") if versions else ""
    if versions and dns_label_1035(first):
        errors += [invalid_value("spec.version", first, c) for c in dns_label_1035(first)]
    return errors


def _go_versions(versions: Any) -> Any:
    """The versions as upstream's internal type prints them, what they agree on moved away."""
    if versions is None:
        return None
    return [
        {
            "Name": version.get("name", ""),
            "Served": version.get("served", False),
            "Storage": version.get("storage", False),
            "Deprecated": version.get("deprecated", False),
            "DeprecationWarning": version.get("deprecationWarning"),
            "Schema": None,
            "Subresources": None,
            "AdditionalPrinterColumns": None,
            "SelectableFields": None,
        }
        for version in versions
    ]


def _name_errors(kind_names: Mapping[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    for field, mixed in (
        ("plural", False),
        ("singular", False),
        ("kind", True),
        ("listKind", True),
    ):
        name, at = kind_names.get(field, ""), f"spec.names.{field}"
        if not name:
            errors.append(required(at))
            continue
        complaints = dns_label_1035(name.lower() if mixed else name)
        prefix = "may have mixed case, but should otherwise match: " if mixed else ""
        errors += [invalid_value(at, name, prefix + complaint) for complaint in complaints]
    for field in ("shortNames", "categories"):
        for index, name in enumerate(kind_names.get(field) or ()):
            at = f"spec.names.{field}[{index}]"
            errors += [invalid_value(at, name, complaint) for complaint in dns_label_1035(name)]
    if kind_names.get("kind") and kind_names["kind"] == kind_names.get("listKind"):
        words = "kind and listKind may not be the same"
        errors.append(invalid_value("spec.names.listKind", kind_names["listKind"], words))
    return errors


def _conversion_errors(spec: Mapping[str, Any]) -> list[FieldError]:
    conversion = spec.get("conversion") or {}
    strategy, allowed = conversion.get("strategy", "None"), ("None", "Webhook")
    if strategy not in allowed:
        return [not_supported("spec.conversion.strategy", strategy, allowed)]
    webhook = conversion.get("webhook") or {}
    if strategy == "None":
        if webhook:
            words = "should not be set when strategy is not set to Webhook"
            return [forbidden_field("spec.conversion.webhookClientConfig", words)]
        return []
    errors: list[FieldError] = []
    if not webhook.get("clientConfig"):
        words = "required when strategy is set to Webhook"
        errors.append(required("spec.conversion.webhookClientConfig", words))
    if not webhook.get("conversionReviewVersions"):
        errors.append(required("spec.conversion.conversionReviewVersions"))
    return errors


def _stored_errors(crd: Object, versions: Sequence[Version]) -> list[FieldError]:
    path = "status.storedVersions"
    stored = (crd.get("status") or {}).get("storedVersions") or None
    if not stored:
        return [invalid_value(path, None, "must have at least one stored version")]
    errors: list[FieldError] = []
    storage = [version.get("name", "") for version in versions if version.get("storage")]
    known = [version.get("name", "") for version in versions]
    for index, name in enumerate(stored):
        if name not in known:
            words = "must appear in spec.versions"
            errors.append(invalid_value(f"{path}[{index}]", name, words))
    if len(storage) == 1 and storage[0] not in stored:
        words = f"must have the storage version {storage[0]}"
        errors.append(invalid_value(path, stored, words))
    return errors
