"""Named formats: `format.dns1123Label().validate(name)` gives what is wrong, if something is."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.libraries.urls import request_uri_mistake
from harness.apiserver.cel.static_types import STRING, Type, list_of, optional_of
from harness.apiserver.cel.times import parse_timestamp
from harness.apiserver.cel.values import NONE, Optional

FORMATS = Declarations()
FORMAT = Type("kubernetes.NamedFormat")
Validate = Callable[[str], list[str]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.I)
_EDGES = "must start and end with an alphanumeric character"
_KEY_WORDS = f"must consist of alphanumeric characters, '-', '_' or '.', and {_EDGES}"


@dataclass(frozen=True, slots=True)
class NamedFormat:
    """A way to look at texts; two with the same name are equal."""

    name: str
    cel_type: ClassVar[str] = FORMAT.name


def _pattern(words: str, pattern: str, length_max: int, *examples: str) -> Validate:
    """Texts of limited length that match a pattern."""
    compiled = re.compile(pattern)
    shown = " or ".join(f"'{example}', " for example in examples)
    mistake = f"{words} (e.g. {shown}regex used for validation is '{pattern}')"

    def validate(text: str) -> list[str]:
        long = [f"must be no more than {length_max} bytes"] if len(text) > length_max else []
        return long if compiled.fullmatch(text) else [*long, mistake]

    return validate


def _prefix(validate: Validate) -> Validate:
    """The same for the beginning of a name, which may end in a dash."""

    def validate_prefix(text: str) -> list[str]:
        masked = text[:-1] + "a" if len(text) > 1 and text.endswith("-") else text
        return validate(masked)

    return validate_prefix


def _accepted(mistake: str, check: Callable[[str], object]) -> Validate:
    """Texts that a function takes without an error."""

    def validate(text: str) -> list[str]:
        try:
            check(text)
        except (ValueError, CelEvaluationError):
            return [mistake]
        return []

    return validate


_dns1123_label = _pattern(
    f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    f"and {_EDGES}",
    _LABEL,
    63,
    "my-name",
    "123-abc",
)
_dns1123_subdomain = _pattern(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    f"'-' or '.', and {_EDGES}",
    _SUBDOMAIN,
    253,
    "example.com",
)
_dns1035_label = _pattern(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character",
    _LABEL_1035,
    63,
    "my-name",
    "abc-123",
)
_label_value = _pattern(
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    f"'.', and {_EDGES}",
    f"({_KEY})?",
    63,
    "MyValue",
    "my_value",
    "12345",
)
_label_name = _pattern(_KEY_WORDS, _KEY, 63, "MyName", "my.name", "123-abc")


def _qualified_name(text: str) -> list[str]:
    prefix, slash, name = text.partition("/")
    if "/" in name:
        (words,) = _label_name("")
        optional = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a valid label key {words}{optional}"]
    mistakes: list[str] = []
    if slash and not prefix:
        mistakes.append("prefix part must be non-empty")
    elif slash:
        mistakes += [f"prefix part {mistake}" for mistake in _dns1123_subdomain(prefix)]
    name = name if slash else text
    if not name:
        mistakes.append("name part must be non-empty")
    return mistakes + [f"name part {mistake}" for mistake in _label_name(name)]


def _uri(text: str) -> list[str]:
    mistake = request_uri_mistake(text)
    return [mistake] if mistake else []


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _uuid(text: str) -> None:
    if not _UUID.fullmatch(text):
        raise ValueError(text)


_VALIDATORS: dict[str, Validate] = {
    "dns1123Label": _dns1123_label,
    "dns1123Subdomain": _dns1123_subdomain,
    "dns1035Label": _dns1035_label,
    "qualifiedName": _qualified_name,
    "dns1123LabelPrefix": _prefix(_dns1123_label),
    "dns1123SubdomainPrefix": _prefix(_dns1123_subdomain),
    "dns1035LabelPrefix": _prefix(_dns1035_label),
    "labelValue": _label_value,
    "uri": _uri,
    "uuid": _accepted("does not match the UUID format", _uuid),
    "byte": _accepted("invalid base64", _base64),
    "date": _accepted("invalid date", date.fromisoformat),
    "datetime": _accepted("invalid datetime", parse_timestamp),
}


@FORMATS.function("format.named", STRING, result=optional_of(FORMAT))
def named(name: str) -> Optional:
    """The format of a name, if there is one."""
    return Optional(NamedFormat(name)) if name in _VALIDATORS else NONE


@FORMATS.member("validate", FORMAT, STRING, result=optional_of(list_of(STRING)))
def validate_format(value: NamedFormat, text: str) -> Optional:
    """What is wrong with a text; absent when nothing is."""
    mistakes = _VALIDATORS[value.name](text)
    return Optional(mistakes) if mistakes else NONE


def _declare(name: str) -> None:
    value = NamedFormat(name)
    FORMATS.function(f"format.{name}", result=FORMAT)(lambda: value)


for _name in _VALIDATORS:
    _declare(_name)
