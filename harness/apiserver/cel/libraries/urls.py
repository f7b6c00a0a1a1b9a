"""Absolute URLs and paths: `url('https://host:80/path?k=v')` and its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote, unquote, unquote_plus

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.static_types import BOOL, STRING, Type, list_of, map_of

URLS = Declarations()
URL = Type("kubernetes.URL")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_AUTHORITY = re.compile(r"(?:[^@]*@)?(?P<host>(?:\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>\d*))?)")
# What Go leaves as it is when it escapes a path.
_PATH_SAFE = "/$&+,:;=@!*'()~-._"


@dataclass(frozen=True, slots=True)
class Url:
    """A parsed URL; `text` is what it was parsed from."""

    text: str
    scheme: str
    host: str
    port: str
    path: str
    query: str
    cel_type: ClassVar[str] = URL.name


def parse_url(text: str) -> Url:
    """A URL with a scheme, or a path from the root.

    Raises:
        CelEvaluationError: Anything else; worded as Go's `url.ParseRequestURI`.
    """
    why = request_uri_mistake(text)
    if why:
        raise CelEvaluationError(f"URL parse error during conversion from string: {why}")
    rest = text.partition("#")[0]
    scheme = _SCHEME.match(rest)
    if scheme:
        rest = rest[scheme.end() :]
    rest, _, query = rest.partition("?")
    authority, path = "", rest
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
    found = _AUTHORITY.fullmatch(authority)
    host, port = (found["host"], found["port"] or "") if found else ("", "")
    return Url(text, scheme[1].lower() if scheme else "", host, port, path, query)


def request_uri_mistake(text: str) -> str:
    """Why a text is no absolute URI, or empty; worded as Go does."""
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        return f'parse "{text}": net/url: invalid control character in URL'
    if not text:
        return 'parse "": empty url'
    scheme = _SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    if text.startswith(":"):
        return f'parse "{text}": missing protocol scheme'
    if not rest.startswith("/"):
        return "" if scheme and rest else f'parse "{text}": invalid URI for request'
    return _part_mistake(text, rest)


def _part_mistake(text: str, rest: str) -> str:
    authority, _, path = rest[2:].partition("/") if rest.startswith("//") else ("", "", rest)
    host = authority.partition("?")[0].rpartition("@")[2]
    if " " in host:
        return f'parse "{text}": invalid character " " in host name'
    if host.startswith("[") and "]" not in host:
        return f"parse \"{text}\": missing ']' in host"
    if _AUTHORITY.fullmatch(host) is None:
        return f'parse "{text}": invalid port ":{host.rpartition(":")[2]}" after host'
    bad = _BAD_ESCAPE.search(path.partition("?")[0])
    return (
        f'parse "{text}": invalid URL escape "{path[bad.start() : bad.start() + 3]}"' if bad else ""
    )


def _hostname(value: Url) -> str:
    host = value.host.removesuffix(f":{value.port}") if value.port else value.host.rstrip(":")
    return host[1:-1] if host.startswith("[") else host


def _escaped_path(value: Url) -> str:
    plain = unquote(value.path)
    is_valid = re.fullmatch(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/\[\]]|%[0-9a-fA-F]{2})*", value.path)
    return value.path if is_valid else quote(plain, safe=_PATH_SAFE)


def _query(value: Url) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in value.query.split("&"):
        if not pair or ";" in pair:
            continue
        key, _, item = pair.partition("=")
        if not _BAD_ESCAPE.search(pair):
            found.setdefault(unquote_plus(key), []).append(unquote_plus(item))
    return found


function, member = URLS.function, URLS.member
function("url", STRING, result=URL)(parse_url)
function("isURL", STRING, result=BOOL)(lambda text: not request_uri_mistake(text))
member("getScheme", URL, result=STRING)(lambda value: value.scheme)
member("getHost", URL, result=STRING)(lambda value: value.host)
member("getHostname", URL, result=STRING)(_hostname)
member("getPort", URL, result=STRING)(lambda value: value.port)
member("getEscapedPath", URL, result=STRING)(_escaped_path)
member("getQuery", URL, result=map_of(STRING, list_of(STRING)))(_query)
