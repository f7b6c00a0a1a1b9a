"""How large values of a schema can get: what the cost of a rule is estimated from.

Where a schema sets no bound, the size of a request does: at most 3 MiB, divided by the fewest
bytes that an element takes in JSON.
Source: Kubernetes "Resource use by validation functions".
"""

from __future__ import annotations

from harness.apiserver.schema.node import Node

REQUEST_BYTES_MAX = 3 * 1024 * 1024
_TIME_BYTES = {"duration": (3, 32), "date": (12, 12), "date-time": (21, 32)}
_QUOTES = 2


def text_size_max(node: Node) -> int:
    """Most bytes of a string (or of an int-or-string)."""
    length = node.raw.get("maxLength")
    if node.format in _TIME_BYTES and node.type == "string":
        return _TIME_BYTES[node.format][1]
    if length is not None:
        # A character takes up to four bytes; base64 takes one.
        return max(int(length), 0) * (1 if node.format == "byte" else 4)
    texts = [value for value in node.raw.get("enum") or () if isinstance(value, str)]
    if texts and node.format != "byte":
        return max(len(text.encode()) for text in texts)
    return REQUEST_BYTES_MAX - _QUOTES


def count_max(node: Node) -> int:
    """Most elements of a list or entries of a map."""
    if node.type == "array":
        bound, each = node.raw.get("maxItems"), _bytes_min_of(node.items) + 1
    else:
        bound, each = node.raw.get("maxProperties"), _bytes_min_of(node.additional) + 6
    return max(int(bound), 0) if bound is not None else (REQUEST_BYTES_MAX - 2) // each


def occurrences_max(node: Node) -> int:
    """How often a value of a schema can be in a request, where no bound tells."""
    return REQUEST_BYTES_MAX // (bytes_min(node) + 1)


def _bytes_min_of(node: Node | None) -> int:
    return 0 if node is None else bytes_min(node)


def bytes_min(node: Node) -> int:
    """Fewest bytes of a value in JSON."""
    if node.raw.get("x-kubernetes-int-or-string"):
        return 1
    if node.type == "object" and node.additional is None:
        return 2 + sum(_required_bytes(node, name) for name in node.required)
    if node.type == "string":
        return _TIME_BYTES[node.format][0] if node.format in _TIME_BYTES else 2
    return {"boolean": 4, "number": 1, "integer": 1}.get(node.type, 2)


def _required_bytes(node: Node, name: str) -> int:
    child = node.properties.get(name)
    if child is None or "default" in child.raw:
        return 0
    return len(name) + bytes_min(child) + 4
