"""The string formats that CRD schemas may ask for.

A format that is not known here is not checked, as upstream. Source: Kubernetes CRD documentation
"Validation" (formats), go-openapi/strfmt.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_HOSTNAME = re.compile(
    r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^@\s<>()]+@[^@\s<>()]+")
_MAC = re.compile(r"([0-9a-fA-F]{2}([:-]))([0-9a-fA-F]{2}\2){4}[0-9a-fA-F]{2}")
_DURATION = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)(.*)")
_WORDS = re.compile(r"\d+\s*(ns|us|µs|ms|s|sec|m|min|h|hr|hour|d|day|w|wk|week)s?")
_HEX_COLOR = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _date_time(text: str) -> bool:
    if not _DATE_TIME.fullmatch(text):
        return False
    return _date(text[:10]) and text[11:13] < "24" and text[14:16] < "60" and text[17:19] < "60"


def _date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def _cidr(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


def _uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) or text.startswith("/")


def _byte(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _duration(text: str) -> bool:
    rest = text
    while rest:
        match = _DURATION.fullmatch(rest)
        if match is None:
            return bool(_WORDS.fullmatch(text))
        rest = match.group(4)
    return bool(text)


_CHECKS: dict[str, Callable[[str], bool]] = {
    "byte": _byte,
    "cidr": _cidr,
    "date": _date,
    "date-time": _date_time,
    "datetime": _date_time,
    "duration": _duration,
    "email": lambda text: bool(_EMAIL.fullmatch(text)),
    "hexcolor": lambda text: bool(_HEX_COLOR.fullmatch(text)),
    "hostname": lambda text: len(text) <= 255 and bool(_HOSTNAME.fullmatch(text)),
    "ipv4": lambda text: _address(text, 4),
    "ipv6": lambda text: _address(text, 6),
    "k8s-long-name": lambda text: (
        len(text) <= 253 and all(_LABEL.fullmatch(part) for part in text.split("."))
    ),
    "k8s-short-name": lambda text: bool(_LABEL.fullmatch(text)),
    "mac": lambda text: bool(_MAC.fullmatch(text)),
    "uri": _uri,
    "uuid": lambda text: bool(_UUID.fullmatch(text)),
}


def matches(name: str, text: str) -> bool:
    """Whether `text` has the format of that name; unknown formats match everything."""
    check = _CHECKS.get(name)
    return check is None or check(text)
