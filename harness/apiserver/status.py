"""Errors as the API gives them: `Status` objects with reason, details and causes.

Functions raise `ApiError`; the pipeline turns it into a response. Message shapes follow
k8s.io/apimachinery `api/errors` and `util/validation/field`, and are compared with the real server
in `tests/conformance/`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .schema.values import number_text


class ApiError(Exception):
    """An answer of the API server that is not a success.

    Args:
        code: HTTP status.
        reason: `metav1.StatusReason`, such as `NotFound`; empty for errors upstream has none for.
        message: For people; same words as upstream.
        details: `metav1.StatusDetails` as a dict, or None.
    """

    def __init__(
        self, code: int, reason: str, message: str, *, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        #: `metadata` of the Status: an expired list carries a fresh continue token there.
        self.list_metadata: dict[str, Any] = {}

    def status(self) -> dict[str, Any]:
        """The `Status` object that goes over the wire."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.list_metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong (`field.Error` upstream).

    `type` is a `metav1.CauseType`: FieldValueRequired FieldValueInvalid FieldValueNotSupported
    FieldValueForbidden FieldValueDuplicate FieldValueTypeInvalid FieldValueTooLong
    FieldValueTooMany FieldValueNotFound. `text` is everything after `path: `, for example
    `Invalid value: 5: must be less than 3`.
    """

    type: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def show(value: Any) -> str:
    """A value as upstream prints it in field errors: text quoted, objects as JSON."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, dict | list):  # Go's JSON encoder guards against HTML.
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text


def invalid_value(path: str, value: Any, detail: str) -> FieldError:
    """`path: Invalid value: VALUE: detail`."""
    return FieldError("FieldValueInvalid", path, f"Invalid value: {show(value)}: {detail}")


def type_invalid(path: str, value: Any, detail: str) -> FieldError:
    """A value of the wrong type; the text is that of `invalid_value`."""
    return FieldError("FieldValueTypeInvalid", path, f"Invalid value: {show(value)}: {detail}")


def required(path: str, detail: str = "") -> FieldError:
    """`path: Required value: detail`."""
    return FieldError(
        "FieldValueRequired", path, "Required value" + (f": {detail}" if detail else "")
    )


def forbidden_field(path: str, detail: str) -> FieldError:
    """`path: Forbidden: detail`."""
    return FieldError("FieldValueForbidden", path, f"Forbidden: {detail}")


def not_supported(path: str, value: Any, supported: Sequence[str]) -> FieldError:
    """`path: Unsupported value: VALUE: supported values: "a", "b"`, in the order given."""
    values = ", ".join(json.dumps(item) for item in supported)
    text = f"Unsupported value: {show(value)}: supported values: {values}"
    return FieldError("FieldValueNotSupported", path, text)


def duplicate(path: str, value: Any) -> FieldError:
    """`path: Duplicate value: VALUE`."""
    return FieldError("FieldValueDuplicate", path, f"Duplicate value: {show(value)}")


def too_long(path: str, maximum: int) -> FieldError:
    """`path: Too long: may not be more than N bytes`."""
    return FieldError("FieldValueTooLong", path, f"Too long: may not be more than {maximum} bytes")


def too_many(path: str, count: int, maximum: int) -> FieldError:
    """`path: Too many: COUNT: must have at most N items`."""
    items = "item" if maximum == 1 else "items"
    return FieldError(
        "FieldValueTooMany", path, f"Too many: {count}: must have at most {maximum} {items}"
    )


def _qualified(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource


def _details(name: str, group: str, kind: str, **more: Any) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return {**details, **more}


def not_found(resource: str, name: str, group: str = "") -> ApiError:
    """404 for one object."""
    message = f'{_qualified(resource, group)} "{name}" not found'
    return ApiError(404, "NotFound", message, details=_details(name, group, resource))


def page_not_found() -> ApiError:
    """404 for a path that no resource serves."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def already_exists(resource: str, name: str, group: str = "") -> ApiError:
    """409 on create."""
    message = f'{_qualified(resource, group)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_details(name, group, resource))


def conflict(resource: str, name: str, why: str, group: str = "") -> ApiError:
    """409 on a stale write or a failed precondition."""
    message = f'Operation cannot be fulfilled on {_qualified(resource, group)} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=_details(name, group, resource))


STALE = (
    "the object has been modified; please apply your changes to the latest version and try again"
)


def invalid(kind: str, name: str, errors: Sequence[FieldError], group: str = "") -> ApiError:
    """422 with one cause for each field error."""
    texts = [str(error) for error in dict.fromkeys(errors)]
    joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    causes = [{"reason": e.type, "message": e.text, "field": e.path} for e in errors]
    message = f'{_qualified(kind, group)} "{name}" is invalid: {joined}'
    details = _details(name, group, kind, causes=causes)
    return ApiError(422, "Invalid", message, details=details)


def bad_request(message: str) -> ApiError:
    """400: the request itself cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: no or unknown credentials."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(message: str, resource: str = "", name: str = "", group: str = "") -> ApiError:
    """403: known, but not allowed."""
    return ApiError(403, "Forbidden", message, details=_details(name, group, resource))


def expired(message: str) -> ApiError:
    """410: a resourceVersion or continue token that was compacted away."""
    return ApiError(410, "Expired", message)


def method_not_allowed() -> ApiError:
    """405: the resource is served, but not this verb."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, details={})


def unsupported_media_type(supported: Sequence[str]) -> ApiError:
    """415: the body's content type is none of `supported`."""
    message = "the body of the request was in an unknown format - accepted media types include: "
    return ApiError(415, "UnsupportedMediaType", message + ", ".join(supported))
