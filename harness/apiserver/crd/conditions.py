"""What the status of a CRD says of it."""

from __future__ import annotations

from ..requests import Object


def _established(document: Object) -> str:
    conditions = (document.get("status") or {}).get("conditions") or []
    return next((str(c["status"]) for c in conditions if c["type"] == "Established"), "")


def is_established(document: Object) -> bool:
    """Whether its names were accepted, so that it is served."""
    return _established(document) == "True"


def is_refused(document: Object) -> bool:
    """Whether its names were not accepted; a CRD that nobody judged yet is not refused."""
    return _established(document) == "False"
