"""Pod templates: when two are the same, and the hash that names a ReplicaSet.

A ReplicaSet belongs to a revision by *equality* of its template with the Deployment's, the label
`pod-template-hash` left out; the hash only has to be different for different templates. Upstream
hashes the printed Go structure with FNV-1a, here it is the template's JSON: the same letters and
length, other values.
"""

from __future__ import annotations

import json

from harness.apiserver.requests import Object

from ..objects import equivalent, pruned

HASH_LABEL = "pod-template-hash"
#: The letters of `rand.SafeEncodeString`: no vowels, no look-alikes.
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def same_template(first: Object, second: Object) -> bool:
    """Whether two templates make the same pods."""
    return equivalent(_without_hash(first), _without_hash(second))


def _without_hash(template: Object) -> Object:
    meta = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != HASH_LABEL}
    return {**template, "metadata": {**meta, "labels": labels}}


def template_hash(template: Object, collisions: int | None) -> str:
    """The value of `pod-template-hash`; `collisions` is `status.collisionCount`."""
    text = json.dumps(pruned(template), sort_keys=True, separators=(",", ":"))
    digest = _fnv1a(text.encode())
    if collisions is not None:
        digest = _fnv1a(collisions.to_bytes(8, "little"), digest)
    return "".join(_LETTERS[ord(digit) % len(_LETTERS)] for digit in str(digest))


def _fnv1a(data: bytes, digest: int = 0x811C9DC5) -> int:
    for byte in data:
        digest = ((digest ^ byte) * 0x01000193) & 0xFFFFFFFF
    return digest
