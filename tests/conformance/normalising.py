"""Makes answers of two servers comparable: names what differs from run to run.

    uids                  <uid 1>, <uid 2> ... by first appearance
    resourceVersions      <rv 1> ... by order, so that equal and newer stay visible;
                          <rv> for lists and bookmarks, where unrelated writes show
    times                 <time>, in tables <age>
    generated names       PREFIX<generated 1>
    continue tokens       <continue>
    cluster addresses     <address 1> ..., node ports <port>
    a few words in messages, such as those of Go's JSON decoder; descriptions of table columns,
    which are prose that we do not copy

Bookmarks right behind one another count as one: how many a watch gets in its last seconds depends
on the moment in which it began.

managedFields, causes of apply conflicts and what is wrong with custom resources are sorted: the
real server orders rows by the second in which they were written, and the rest by the chance of a
Go map.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.conformance.playing import Answer

_UID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_AGE = re.compile(r"(\d+[ywdhms])+")
#: Addresses that the server gives to Services; sequences ask for addresses outside the range.
_ADDRESS = re.compile(r"\b10\.96\.\d+\.\d+\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
#: Words that differ by run or by JSON library, and what is put in their place.
_WORDS = (
    (re.compile(r"ResourceVersion in record \(\d+\)"), "ResourceVersion in record (<rv>)"),
    (re.compile(r"resource version: \d+ \(\d+\)"), "resource version: <rv> (<rv>)"),
    (re.compile(r"Too large resource version: \d+, current: \d+"), "Too large resource version"),
    (re.compile(r"kube-api-access-[a-z0-9]{5}"), "kube-api-access-<generated>"),
    (re.compile(r"json parse error: [^(]*\("), "json parse error: <words> ("),
    (re.compile(r"127\.0\.0\.1:\d+/"), "<webhook>/"),
    (re.compile(r'"caBundle": "[^"]*"'), '"caBundle": "<ca>"'),
    # Objects printed in messages: their text is escaped once, and once more inside JSON.
    (re.compile(r'(resourceVersion\\+":\\+")\d+'), r"\1<rv>"),
)
#: A JSON object that a message shows, as a string literal; the order of its keys means nothing.
_SHOWN = re.compile(r'"\{(?:[^"\\]|\\.)*\}"')
#: After these words comes a diff of Go structs, which is nobody's interface.
_STRUCT_DIFF = "pod updates may not change fields other than"
_LIST_KINDS = ("List", "Table")


def normalised(answers: list[Answer]) -> list[Answer]:
    """The answers with what is random or timed named by its role."""
    versions = sorted({int(rv) for rv in _object_versions(answers)})
    names = _generated_names(answers)
    text = json.dumps([_prepared(answer) for answer in answers], ensure_ascii=False)
    text = _TIME.sub("<time>", text)
    for words, replacement in _WORDS:
        text = words.sub(replacement, text)
    text = _ADDRESS.sub(_numbered("address"), text)
    text = _UID.sub(_numbered("uid"), text)
    for number, name in enumerate(names, 1):
        text = text.replace(name, f"{name[:-5]}<generated {number}>")
    result: list[Answer] = _mapped(json.loads(text), versions)
    return result


def _numbered(word: str) -> Callable[[re.Match[str]], str]:
    seen: dict[str, int] = {}
    return lambda match: f"<{word} {seen.setdefault(match[0], len(seen) + 1)}>"


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item)


def _is_passing(holder: dict[str, Any]) -> bool:
    """Whether a resourceVersion is that of a collection or a moment, not of an object."""
    return str(holder.get("kind", "")).endswith(_LIST_KINDS)


def _object_versions(answers: list[Answer]) -> Iterator[str]:
    for each in _walk(answers):
        rv = each.get("resourceVersion")
        if isinstance(rv, str) and rv.isdigit() and "name" in each:
            yield rv


def _generated_names(answers: list[Answer]) -> list[str]:
    names = {
        each["name"]: None
        for each in _walk(answers)
        if each.get("generateName") and str(each.get("name", "")).startswith(each["generateName"])
    }
    return list(names)


def _prepared(value: Any) -> Any:
    """Orders that mean nothing, put into one order."""
    if isinstance(value, list):
        return [_prepared(item) for item in value]
    if isinstance(value, str):
        return _prepared_text(value)
    if not isinstance(value, dict):
        return value
    result = {key: _prepared(item) for key, item in value.items()}
    rows = result.get("managedFields")
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        result["managedFields"] = sorted(rows, key=_row_key)
    details = result.get("details")
    if isinstance(details, dict) and len(details.get("causes", ())) > 1 and _is_random(details):
        _sort_causes(result, details)
    return result


def _prepared_text(text: str) -> str:
    if _STRUCT_DIFF in text:
        return text.partition("\n")[0]
    return _SHOWN.sub(_sorted_object, text)


def _sorted_object(match: re.Match[str]) -> str:
    try:
        shown = json.loads(json.loads(match[0]))
    except ValueError:
        return match[0]
    return json.dumps(json.dumps(shown, sort_keys=True, separators=(",", ":")))


def _is_random(details: dict[str, Any]) -> bool:
    conflict = details["causes"][0].get("reason") == "FieldManagerConflict"
    return conflict or str(details.get("group", "")).endswith(".example.com")


def _sort_causes(status: dict[str, Any], details: dict[str, Any]) -> None:
    causes = sorted(details["causes"], key=lambda each: json.dumps(each, sort_keys=True))
    details["causes"] = causes
    head, bracket, _ = str(status["message"]).partition(" is invalid: [")
    if bracket:
        texts = [f"{cause['field']}: {cause['message']}" for cause in causes]
        status["message"] = head + bracket + ", ".join(dict.fromkeys(texts)) + "]"


def _row_key(row: dict[str, Any]) -> list[str]:
    return [str(row.get(key)) for key in ("manager", "operation", "apiVersion", "subresource")]


def _mapped(value: Any, versions: list[int]) -> Any:
    if isinstance(value, list):
        return [_mapped(item, versions) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: _mapped(item, versions) for key, item in value.items()}
    rv = result.get("resourceVersion")
    if isinstance(rv, str) and rv.isdigit():
        known = "name" in result and int(rv) in versions
        result["resourceVersion"] = f"<rv {versions.index(int(rv)) + 1}>" if known else "<rv>"
    for column in result.get("columnDefinitions") or ():
        column["description"] = ""
    if isinstance(result.get("cells"), list):
        result["cells"] = ["<age>" if _AGE.fullmatch(str(c)) else c for c in result["cells"]]
    if result.get("nodePort"):
        result["nodePort"] = "<port>"
    if result.get("continue"):
        result["continue"] = "<continue>"
    if isinstance(result.get("events"), list):
        result["events"] = _without_repeated_bookmarks(result["events"])
    return result


def _without_repeated_bookmarks(events: list[Any]) -> list[Any]:
    return [
        event
        for before, event in zip([None, *events], events, strict=False)
        if event != before or event.get("type") != "BOOKMARK"
    ]
