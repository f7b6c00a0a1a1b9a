"""JSON Patch (RFC 6902), with the habits of the library that kube-apiserver uses.

What differs from the RFC, as the real server shows:

- `test` with null (or without a value) passes where the key is missing, as long as the object that
  would hold it exists;
- `replace` of a missing key adds it, `copy` of a missing key writes null;
- a missing `value` is null; unknown members of an operation are ignored;
- negative indices count from the end of a list; the text before the first `/` is ignored.

Operations work on copies of the containers along their path; all else stays shared.
"""

from __future__ import annotations

from typing import Any

from ..requests import Object
from ..status import ApiError, bad_request
from .errors import does_not_apply, go_kind, undecodable

OPERATIONS_MAX = 10_000
_Container = dict[str, Any] | list[Any]


def apply_json_patch(document: Object, operations: Any) -> Object:
    """The document after all operations, in order.

    Raises:
        ApiError: 400 when the patch is no list of operations, 413 when there are more than
            10,000, 422 when one does not apply; the server says no more than that.
    """
    for operation in _checked(operations):
        document = _apply(document, operation)
    return document


def _checked(operations: Any) -> list[dict[str, Any]]:
    if operations is None:
        return []
    if not isinstance(operations, list):
        raise undecodable(operations, "[]handlers.jsonPatchOp")
    for operation in operations:
        if operation is None:
            raise does_not_apply()
        if not isinstance(operation, dict):
            raise undecodable(operation, "handlers.jsonPatchOp")
        for name in ("op", "from", "path"):
            value = operation.get(name)
            if value is not None and not isinstance(value, str):
                raise bad_request(
                    f"error decoding patch: json: cannot unmarshal {go_kind(value)} into Go "
                    f"struct field jsonPatchOp.{name} of type string"
                )
    if len(operations) > OPERATIONS_MAX:
        raise ApiError(
            413,
            "RequestEntityTooLarge",
            "Request entity too large: "
            f"The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, "
            f"got {len(operations)}",
        )
    return operations


def _apply(document: Object, operation: dict[str, Any]) -> Object:
    action, path = operation.get("op"), operation.get("path")
    if path is None:
        raise does_not_apply()
    value = operation.get("value")
    if action == "test":
        _test(document, path, value)
        return document
    if action == "replace" and path == "":
        return value if isinstance(value, dict) else {}
    result = dict(document)
    if action == "add":
        _add(*_open(result, path), value)
    elif action == "remove":
        _remove(*_open(result, path))
    elif action == "replace":
        _replace(*_open(result, path), value)
    elif action == "copy":
        _add(*_open(result, path), _get(*_find(document, _source(operation))))
    elif action == "move":
        source = _source(operation)
        moved = _get(*_find(document, source))
        _remove(*_open(result, source))
        _add(*_open(result, path), moved)
    else:
        raise does_not_apply()
    return result


def _source(operation: dict[str, Any]) -> str:
    source = operation.get("from")
    if source is None:
        raise does_not_apply()
    return str(source)


def _steps(path: str) -> list[str]:
    parts = path.split("/")
    if len(parts) < 2:
        raise does_not_apply()
    return [part.replace("~1", "/").replace("~0", "~") for part in parts[1:]]


def _find(document: Object, path: str) -> tuple[_Container, str]:
    """The container that holds (or would hold) the path's target, and the key in it."""
    steps = _steps(path)
    container: Any = document
    for step in steps[:-1]:
        container = _get(container, step)
        if not isinstance(container, dict | list):
            raise does_not_apply()
    return container, steps[-1]


def _open(document: Object, path: str) -> tuple[_Container, str]:
    """As `_find`, but every container on the way is copied in place, so it may be edited."""
    steps = _steps(path)
    container: Any = document
    for step in steps[:-1]:
        child = _get(container, step)
        if not isinstance(child, dict | list):
            raise does_not_apply()
        child = child.copy()
        container[_index(container, step) if isinstance(container, list) else step] = child
        container = child
    return container, steps[-1]


def _index(items: list[Any], key: str, length: int | None = None) -> int:
    """A position in a list of the given length (its own by default); negative from its end."""
    length = len(items) if length is None else length
    try:
        index = int(key)
    except ValueError:
        raise does_not_apply() from None
    if not -length <= index < length:
        raise does_not_apply()
    return index % length


def _get(container: _Container, key: str) -> Any:
    if isinstance(container, dict):
        return container.get(key)
    return container[_index(container, key)]


def _add(container: _Container, key: str, value: Any) -> None:
    if isinstance(container, dict):
        container[key] = value
    elif key == "-":
        container.append(value)
    else:
        container.insert(_index(container, key, len(container) + 1), value)


def _replace(container: _Container, key: str, value: Any) -> None:
    if isinstance(container, dict):
        container[key] = value
    else:
        container[_index(container, key)] = value


def _remove(container: _Container, key: str) -> None:
    if isinstance(container, list):
        del container[_index(container, key)]
    elif key in container:
        del container[key]
    else:
        raise does_not_apply()


def _test(document: Object, path: str, value: Any) -> None:
    found = document if path == "" else _get(*_find(document, path))
    if not _same(found, value):
        raise does_not_apply()


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON values: 1, 1.0 and true are three different things."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)
