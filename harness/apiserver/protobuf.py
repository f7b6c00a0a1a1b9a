"""Protobuf bodies: `kubectl create` and typed Go clients send built-in kinds this way.

    k8s\\0 > Unknown{apiVersion, kind, raw} > the message of that kind, by its table of numbers

The table (`scripts/derive_protobuf.py`) turns fields into the names that JSON has. What Go writes
although nobody set it (empty texts, zeros, empty messages) is dropped where JSON would omit it.
Source: k8s.io/apimachinery `pkg/runtime/serializer/protobuf`; Protocol Buffers encoding.
"""

from __future__ import annotations

import base64
import datetime
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from .requests import Object

MAGIC = b"k8s\0"
TABLE_FILE = "protobuf-v1.37.json"
_META = "io.k8s.apimachinery.pkg."
#: Kinds that are decoded but not stored, by (apiVersion, kind).
_OTHERS = {
    ("meta.k8s.io/v1", "DeleteOptions"): _META + "apis.meta.v1.DeleteOptions",
    ("v1", "DeleteOptions"): _META + "apis.meta.v1.DeleteOptions",
}
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_INTEGERS = ("int32", "int64", "uint32", "uint64")


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    text = files(__package__).joinpath("data", TABLE_FILE).read_bytes()
    table: Mapping[str, Mapping[str, str]] = orjson.loads(text)
    return table


def decode_protobuf(body: bytes) -> Object:
    """The document of a protobuf body.

    Raises:
        ValueError: The body has no envelope, or names a kind that is not known.
    """
    if not body.startswith(MAGIC):
        raise ValueError("provided data does not appear to be a protobuf message")
    envelope = {number: value for number, _, value in _fields(body[len(MAGIC) :])}
    head = {number: bytes(value).decode() for number, _, value in _fields(envelope.get(1, b""))}
    api_version, kind = head.get(1, ""), head.get(2, "")
    message = _message_name(api_version, kind)
    document = {"kind": kind, "apiVersion": api_version}
    return {**document, **_message(message, envelope.get(2, b""))}


def _message_name(api_version: str, kind: str) -> str:
    from .schema.facts import names

    known = _OTHERS.get((api_version, kind)) or names().get((api_version, kind))
    if known is None:
        group, _, version = api_version.rpartition("/")
        known = f"io.k8s.api.{group.partition('.')[0] or 'core'}.{version}.{kind}"
    if known not in _table():
        raise ValueError(f'no kind "{kind}" is registered for version "{api_version}"')
    return known


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """Number, wire type and raw value of each field."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value: Any
            value, position = _varint(data, position)
        elif wire == _BYTES:
            size, position = _varint(data, position)
            value, position = data[position : position + size], position + size
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
            value, position = data[position : position + size], position + size
        else:
            raise ValueError(f"illegal wireType {wire}")
        if position > len(data):
            raise ValueError("unexpected EOF")
        yield number, wire, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if position >= len(data):
            raise ValueError("unexpected EOF")
        byte = data[position]
        result |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return result, position


def _message(name: str, data: bytes) -> Object:
    known = _table()[name]
    document: Object = {}
    for number, _, value in _fields(data):
        field, _, shape = known.get(str(number), "").partition(" ")
        if field:
            _put(document, field, shape, value)
    return document


def _put(document: Object, name: str, shape: str, value: Any) -> None:
    if shape.startswith("^"):
        document.update(_message(shape[1:], value))
    elif shape.startswith("["):
        document.setdefault(name, []).append(_value(shape[1:-1], value))
    elif shape.startswith("{"):
        entry = {number: raw for number, _, raw in _fields(value)}
        key = bytes(entry.get(1, b"")).decode()
        document.setdefault(name, {})[key] = _value(shape[1:-1], entry.get(2, b""))
    else:
        decoded = _value(shape, value)
        if decoded not in ("", None):
            document[name] = decoded


def _value(kind: str, raw: Any) -> Any:
    if kind == "string":
        return bytes(raw).decode()
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    if kind == "bool":
        return bool(raw)
    if kind in _INTEGERS:
        return raw - (1 << 64) if raw >= 1 << 63 and not kind.startswith("u") else raw
    if kind in ("double", "float"):
        return struct.unpack("<d" if kind == "double" else "<f", raw)[0]
    special = _SPECIAL.get(kind)
    return special(raw) if special is not None else _message(kind, raw)


def _by_number(raw: bytes) -> dict[int, Any]:
    return {number: value for number, _, value in _fields(raw)}


def _time(raw: bytes) -> str | None:
    """Seconds and nanoseconds since 1970; an empty message is no time."""
    known = _by_number(raw)
    if not known:
        return None
    moment = datetime.datetime.fromtimestamp(_value("int64", known.get(1, 0)), datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(raw: bytes) -> str | None:
    text = _time(raw)
    nanos = _by_number(raw).get(2, 0)
    return None if text is None else f"{text[:-1]}.{nanos // 1000:06d}Z"


def _quantity(raw: bytes) -> str:
    return bytes(_by_number(raw).get(1, b"0")).decode()


def _int_or_string(raw: bytes) -> int | str:
    known = _by_number(raw)
    if known.get(1, 0):
        return bytes(known.get(3, b"")).decode()
    number: int = _value("int32", known.get(2, 0))
    return number


def _raw_json(raw: bytes) -> Any:
    text = _by_number(raw).get(1, b"")
    return orjson.loads(text) if text else None


def _list_of_texts(raw: bytes) -> list[str]:
    return [bytes(value).decode() for _, _, value in _fields(raw)]


_SPECIAL: Mapping[str, Callable[[bytes], Any]] = {
    _META + "apis.meta.v1.Time": _time,
    _META + "apis.meta.v1.MicroTime": _micro_time,
    _META + "apis.meta.v1.FieldsV1": _raw_json,
    _META + "api.resource.Quantity": _quantity,
    _META + "util.intstr.IntOrString": _int_or_string,
    _META + "runtime.RawExtension": _raw_json,
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": _raw_json,
    "io.k8s.api.authentication.v1.ExtraValue": _list_of_texts,
    "io.k8s.api.authorization.v1.ExtraValue": _list_of_texts,
}
