"""How objects stand in the journal: as they are, but for secret values, which are keyed hashes.

So two values can be compared in a journal without either being told. The key is the run's own.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from .requests import Object

_SECRETS = ("", "secrets")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class SecretHider:
    """Hides secret values.

    Args:
        key: Of the hashes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def journal_form(self, resource: tuple[str, str], document: Object) -> Object:
        """The document as the journal shows it; `resource` is its group and plural."""
        if resource != _SECRETS:
            return document
        hidden: Object = {
            field: {key: self._hash(value) for key, value in (document[field] or {}).items()}
            for field in ("data", "stringData")
            if field in document
        }
        meta = dict(document["metadata"])
        annotations = dict(meta.get("annotations") or {})
        if _LAST_APPLIED in annotations:
            annotations[_LAST_APPLIED] = self._hash(annotations[_LAST_APPLIED])
            meta["annotations"] = annotations
        return {**document, **hidden, "metadata": meta}

    def _hash(self, value: Any) -> str:
        digest = blake2b(str(value).encode(), key=self._key, digest_size=16)
        return f"hash:{digest.hexdigest()}"
