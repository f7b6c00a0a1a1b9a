"""ConfigMap and Secret: keys that can be file names, sizes, and what `immutable` freezes.

Source: Kubernetes "ConfigMaps", "Secrets"; k8s.io/kubernetes `pkg/apis/core/validation`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import orjson

from ..decoding import json_complaint
from ..requests import Object
from ..status import FieldError, forbidden_field, invalid_value, required, too_long
from .common import BuiltinStrategy

SIZE_MAX = 1024 * 1024
_KEY_LENGTH_MAX = 253
_KEY_WORDS = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_FROZEN = "field is immutable when `immutable` is set"

#: Keys that a Secret of a type must have.
_NEEDED_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_JSON_KEYS = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
_ACCOUNT_NAME = "kubernetes.io/service-account.name"


def key_complaints(key: str) -> list[str]:
    """What is wrong with a key, which becomes the name of a file."""
    if len(key) > _KEY_LENGTH_MAX:
        return [f"must be no more than {_KEY_LENGTH_MAX} characters"]
    if not re.fullmatch(r"[-._a-zA-Z0-9]+", key):
        return [_KEY_WORDS]
    if key in (".", ".."):
        return [f"must not be '{key}'"]
    return ["must not start with '..'"] if key.startswith("..") else []


def _key_errors(data: Mapping[str, Any], path: str) -> list[FieldError]:
    return [
        invalid_value(f"{path}[{key}]", key, complaint)
        for key in sorted(data)
        for complaint in key_complaints(key)
    ]


def _frozen_errors(new: Object, old: Object, fields: tuple[str, ...]) -> list[FieldError]:
    if not old.get("immutable"):
        return []
    errors = []
    if not new.get("immutable"):
        errors.append(forbidden_field("immutable", _FROZEN))
    changed = [name for name in fields if (new.get(name) or {}) != (old.get(name) or {})]
    return errors + [forbidden_field(name, _FROZEN) for name in changed]


class ConfigMapStrategy(BuiltinStrategy):
    """Hooks of ConfigMap."""

    def check(self, document: Object) -> list[FieldError]:
        """Keys once and well formed, and at most 1 MiB in all."""
        data, binary = document.get("data") or {}, document.get("binaryData") or {}
        errors: list[FieldError] = []
        for key in sorted(data):
            errors += _key_errors({key: None}, "data")
            if key in binary:
                words = "duplicate of key present in binaryData"
                errors.append(invalid_value(f"data[{key}]", key, words))
        errors += _key_errors(binary, "binaryData")
        size = sum(len(text.encode()) for text in data.values())
        size += sum(len(base64.b64decode(text)) for text in binary.values())
        return errors + ([too_long("[]", SIZE_MAX)] if size > SIZE_MAX else [])

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """An immutable one stays as it is."""
        return _frozen_errors(new, old, ("data", "binaryData"))


class SecretStrategy(BuiltinStrategy):
    """Hooks of Secret."""

    def complete(self, document: Object) -> None:
        """`stringData` is a way to write `data`, and is never kept."""
        for key, text in sorted((document.pop("stringData", None) or {}).items()):
            encoded = base64.b64encode(text.encode()).decode()
            document.setdefault("data", {})[key] = encoded

    def check(self, document: Object) -> list[FieldError]:
        """Keys, size, and what the type asks for."""
        data = document.get("data") or {}
        errors = _key_errors(data, "data")
        if sum(len(base64.b64decode(text)) for text in data.values()) > SIZE_MAX:
            errors.append(too_long("data", SIZE_MAX))
        return errors + _type_errors(document, data)

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """The type stays; an immutable one stays as it is."""
        errors = []
        if new.get("type") != old.get("type"):
            errors.append(invalid_value("type", new.get("type"), "field is immutable"))
        return errors + _frozen_errors(new, old, ("data",))

    def selectable_fields(self, document: Object) -> Mapping[str, str]:
        """The type."""
        return {"type": document.get("type", "")}


def _type_errors(document: Object, data: Mapping[str, Any]) -> list[FieldError]:
    kind = document.get("type", "")
    if kind == "kubernetes.io/service-account-token":
        notes = document["metadata"].get("annotations") or {}
        path = f"metadata.annotations[{_ACCOUNT_NAME}]"
        return [] if notes.get(_ACCOUNT_NAME) else [required(path)]
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        return [required("data[username]"), required("data[password]")]
    needed = _NEEDED_KEYS.get(kind, ())
    missing = [required(f"data[{key}]") for key in needed if key not in data]
    return missing or _json_errors(kind, data)


def _json_errors(kind: str, data: Mapping[str, Any]) -> list[FieldError]:
    """Credentials of registries are JSON; what is wrong with it is told without showing it."""
    key = _JSON_KEYS.get(kind, "")
    if not key:
        return []
    text = base64.b64decode(data[key])
    try:
        orjson.loads(text)
    except ValueError as error:
        why = json_complaint(text, error)
        return [invalid_value(f"data[{key}]", "<secret contents redacted>", why)]
    return []
