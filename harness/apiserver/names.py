"""What names, labels and annotations may look like, in the words of the real server.

Each check returns the complaints about one text; an empty list means that it is fine.
Source: k8s.io/apimachinery `pkg/util/validation`.
"""

from __future__ import annotations

import re

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_QUALIFIED})?"

_ENDS = "and must start and end with an alphanumeric character"


def _pattern_complaint(words: str, pattern: str, *examples: str) -> str:
    shown = ",  ".join(f"'{example}'" for example in examples[:1])
    shown = f"'{examples[0]}'" + "".join(f",  or '{example}'" for example in examples[1:])
    return f"{words} (e.g. {shown}, regex used for validation is '{pattern}')"


def _too_long(maximum: int) -> str:
    return f"must be no more than {maximum} bytes"


def dns_label(text: str) -> list[str]:
    """RFC 1123 label: namespaces and Services."""
    found = [_too_long(63)] if len(text) > 63 else []
    if not found and re.fullmatch(_SUBDOMAIN, text) and "." in text:
        found.append("must not contain dots")
    elif not re.fullmatch(_LABEL, text):
        words = (
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
            f"'-', {_ENDS}"
        )
        found.append(_pattern_complaint(words, _LABEL, "my-name", "123-abc"))
    return found


def stateful_set_name(text: str) -> list[str]:
    """RFC 1123 label, since it is a part of host names; its length is told in other words."""
    return [words.replace("63 bytes", "63 characters") for words in dns_label(text)]


def dns_label_1035(text: str) -> list[str]:
    """RFC 1035 label: names of ports and, once, of Services."""
    found = [_too_long(63)] if len(text) > 63 else []
    if not re.fullmatch(_LABEL_1035, text):
        words = (
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
            "with an alphabetic character, and end with an alphanumeric character"
        )
        found.append(_pattern_complaint(words, _LABEL_1035, "my-name", "abc-123"))
    return found


def dns_subdomain(text: str) -> list[str]:
    """RFC 1123 subdomain: the name of nearly everything."""
    found = ["must be no more than 253 characters"] if len(text) > 253 else []
    if not re.fullmatch(_SUBDOMAIN, text):
        words = (
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            f"'-' or '.', {_ENDS}"
        )
        pattern = _SUBDOMAIN.replace("\\\\", "\\")
        found.append(_pattern_complaint(words, pattern, "example.com"))
    return found


def path_segment(text: str) -> list[str]:
    """Anything that can stand in a path: RBAC names."""
    if text in (".", ".."):
        return [f"may not be '{text}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in text]


_QUALIFIED_PART = _pattern_complaint(
    f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}",
    _QUALIFIED,
    "MyName",
    "my.name",
    "123-abc",
)


def qualified_name(text: str) -> list[str]:
    """A label or annotation key: an optional DNS prefix, a slash, a name."""
    parts = text.split("/")
    if len(parts) > 2:
        return [
            f"a valid label key {_QUALIFIED_PART} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')"
        ]
    found: list[str] = []
    if len(parts) == 2:
        if not parts[0]:
            found.append("prefix part must be non-empty")
        else:
            complaints = [
                words.replace("characters", "bytes") if "253" in words else words
                for words in dns_subdomain(parts[0])
            ]
            found += [f"prefix part {complaint}" for complaint in complaints]
    name = parts[-1]
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > 63:
        found.append(f"name part {_too_long(63)}")
    if not re.fullmatch(_QUALIFIED, name):
        found.append(f"name part {_QUALIFIED_PART}")
    return found


def label_value(text: str) -> list[str]:
    """The value of a label."""
    found = [_too_long(63)] if len(text) > 63 else []
    if not re.fullmatch(_VALUE, text):
        words = (
            "a valid label must be an empty string or consist of alphanumeric characters, '-', "
            f"'_' or '.', {_ENDS}"
        )
        found.append(_pattern_complaint(words, _VALUE, "MyValue", "my_value", "12345"))
    return found
