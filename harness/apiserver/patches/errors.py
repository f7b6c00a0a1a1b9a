"""What kube-apiserver answers to a patch that cannot be applied.

Upstream's JSON Patch library has good error texts, but the server drops them: every operation that
does not apply is the same 422. Texts that name Go types (`map[string]interface {}`) are what
clients of the real server see, so they are kept.
"""

from __future__ import annotations

import json
from typing import Any

from ..status import ApiError, bad_request


def go_kind(value: Any) -> str:
    """The JSON kind of a value as Go's decoder calls it."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def go_text(value: Any) -> str:
    """A decoded JSON value as Go's `%v` prints it: `map[a:1 b:[x y]]`."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_text(item) for item in value) + "]"
    return str(value)


def does_not_apply() -> ApiError:
    """422 for an operation that fails, a failed `test` among them."""
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, details={})


def undecodable(value: Any, go_type: str) -> ApiError:
    """400: the patch is JSON of the wrong kind."""
    return bad_request(
        f"error decoding patch: json: cannot unmarshal {go_kind(value)} into Go value of type "
        f"{go_type}"
    )


def not_json() -> ApiError:
    """400: the body is no JSON at all."""
    return bad_request("invalid JSON patch")


def internal(message: str) -> ApiError:
    """500 with a bare message: upstream has no reason for these."""
    return ApiError(500, "", message)


def undecodable_result(document: Any, why: str, *, strategic_patch: Any = None) -> ApiError:
    """422: the patched document does not fit its kind, or strict decoding refuses it.

    Args:
        document: The patched document, printed as JSON.
        why: `strict decoding error: unknown field "spec.foo"` and the like.
        strategic_patch: For strategic merge patches the patch is printed instead, as Go does.
    """
    if strategic_patch is None:
        shown = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    else:
        shown = go_text(strategic_patch)
    text = f"Invalid value: {json.dumps(shown, ensure_ascii=False)}: {why}"
    causes = [{"reason": "FieldValueInvalid", "message": text, "field": "patch"}]
    message = f' "" is invalid: patch: {text}'
    return ApiError(422, "Invalid", message, details={"causes": causes})
