"""Sequences of requests, as the YAML files in `sequences/` hold them.

A file is a topic, a key in it is a claim, its value the steps:

    a stale update is a conflict:
    - create: v1/configmaps
      body: {metadata: {name: a}}
      keep: {rv: metadata.resourceVersion}          # for $(rv) in later steps
    - update: v1/configmaps/a
      body: {metadata: {name: a, resourceVersion: $(rv)}}

The first key of a step is what is done, its value where: a path from the group version on in the
sequence's own namespace, or, with a leading slash, the whole path. `$(ns)` is that namespace,
`$(webhook)` the address of the webhook in `webhooks.py` and `$(ca)` what trusts it.
`compact: now` is no request but makes the server forget old versions.
Other keys: `body`, `text` (a raw body), `type` (content type), `accept`, `as` (a user of
`control_plane.TOKENS`; default admin), `headers`, `only` (dotted path of the part of the answer
that is compared), `quiet` (not compared at all), `until` (repeat until the dotted path has the
value: the real server needs a moment), and for watches `during` (steps to do while it is open).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FOLDER = Path(__file__).parent / "sequences"
METHODS = {
    "get": "GET",
    "watch": "GET",
    "create": "POST",
    "update": "PUT",
    "delete": "DELETE",
    "merge": "PATCH",
    "json": "PATCH",
    "strategic": "PATCH",
    "apply": "PATCH",
}
PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
#: Not a request: the server forgets old versions, as it does every five minutes.
COMPACT = "compact"
_ACTIONS = {*METHODS, COMPACT}
_KNOWN = _ACTIONS | {
    "body", "text", "type", "accept", "as", "headers", "only", "quiet", "until", "during", "keep",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One request."""

    action: str
    where: str
    body: Any = None
    text: str | None = None
    type: str = ""
    accept: str = ""
    user: str = "admin"
    headers: dict[str, str] = field(default_factory=dict)
    only: str = ""
    quiet: bool = False
    until: dict[str, Any] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    during: tuple[Step, ...] = ()

    @property
    def method(self) -> str:
        """The HTTP method."""
        return METHODS[self.action]

    @property
    def content_type(self) -> str:
        """What the body is sent as."""
        return self.type or PATCH_TYPES.get(self.action, "application/json")


@dataclass(frozen=True)
class Sequence:
    """Requests that belong together; `claim` says what they show."""

    topic: str
    claim: str
    steps: tuple[Step, ...]

    @property
    def id(self) -> str:
        """How pytest calls it."""
        return f"{self.topic}/{self.claim.replace(' ', '_')}"

    @property
    def has_webhooks(self) -> bool:
        """Whether it configures the admission webhook of `webhooks.py`."""
        return "$(webhook)" in repr(self.steps)

    @property
    def namespace(self) -> str:
        """Its own namespace, the same on every server."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.topic} {self.claim}".lower()).strip("-")
        return words[:40].strip("-")


def sequences() -> list[Sequence]:
    """All sequences of all topics, in order."""
    return [each for file in sorted(FOLDER.glob("*.yaml")) for each in _read(file)]


def _read(file: Path) -> Iterator[Sequence]:
    topic = YAML(typ="safe", pure=True).load(file.read_text())
    for claim, steps in topic.items():
        yield Sequence(file.stem, claim, tuple(_step(claim, step) for step in steps))


def _step(claim: str, raw: dict[str, Any]) -> Step:
    unknown = set(raw) - _KNOWN
    actions = [key for key in raw if key in _ACTIONS]
    if unknown or len(actions) != 1:
        raise ValueError(f"{claim!r}: a step has one action and known keys, got {sorted(raw)}")
    rest = {key: value for key, value in raw.items() if key not in _ACTIONS}
    rest["during"] = tuple(_step(claim, step) for step in raw.get("during", ()))
    if "as" in rest:
        rest["user"] = rest.pop("as")
    return Step(actions[0], raw[actions[0]], **rest)


def complete_path(where: str, namespace: str) -> str:
    """The request path of a step: `v1/configmaps/a?x=y` in the namespace, `/...` as it stands."""
    if where.startswith("/"):
        return where
    parts = where.split("/")
    versioned = 1 if parts[0] == "v1" else 2
    prefix = "/api" if versioned == 1 else "/apis"
    group_version, rest = "/".join(parts[:versioned]), "/".join(parts[versioned:])
    return f"{prefix}/{group_version}/namespaces/{namespace}/{rest}"
