"""Values by what a field means: a replica count stays small, an image is one that exists.

The schema has the last word: what it refuses is not drawn, and a meaning whose values it refuses
all is dropped, so that a wrong guess does no harm.
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.schema.node import Node
from harness.apiserver.schema.validation import validate

from . import formats
from .clues import Clues
from .guessing import REPLICAS_MAX
from .hints import Hint
from .numbers import integers
from .required import SearchStrategy, st

_TEXTS: dict[str, SearchStrategy[str]] = {
    "image": formats.IMAGE,
    "schedule": formats.CRON,
    "quantity": formats.QUANTITY,
    "duration": formats.GO_DURATION,
    "name": formats.DNS_LABEL,
    "label": formats.LABEL_VALUE,
    "storageClass": st.just("standard"),
}
#: One text of each that any sensible schema takes.
_TYPICAL = {
    "image": "nginx:1.27",
    "schedule": "0 0 * * *",
    "quantity": "1Gi",
    "duration": "1h",
    "name": "demo",
    "label": "a",
    "storageClass": "standard",
}
_PORTS = (1, 80, 8080, 65535)


def meant(hint: Hint, node: Node, clues: Clues) -> SearchStrategy[Any] | None:
    """Values of what a place means; None when its schema has no room for them."""
    listed = [value for value in hint.values if not validate(node, value, "")]
    if listed and not hint.is_guess:
        return st.sampled_from(listed)
    if node.type == "integer" and (hint.most is not None or hint.means == "replicas"):
        return integers(node, clues.values, REPLICAS_MAX if hint.most is None else hint.most)
    if hint.means == "port" and node.type == "integer":
        return _fitting(node, _PORTS, st.integers(1, 65535))
    typical = _TYPICAL.get(hint.means or "")
    if typical is None or validate(node, typical, ""):
        return None
    others = _TEXTS[hint.means or ""].filter(lambda value: not validate(node, value, ""))
    return st.one_of(st.sampled_from(listed), others) if listed else others


def _fitting(
    node: Node, listed: tuple[int, ...], others: SearchStrategy[int]
) -> SearchStrategy[int] | None:
    allowed = [value for value in listed if not validate(node, value, "")]
    if not allowed:
        return None
    return st.one_of(
        st.sampled_from(allowed), others.filter(lambda value: not validate(node, value, ""))
    )
