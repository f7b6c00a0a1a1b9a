"""Query parameters as Go parses them, and options checked as the API checks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .requests import Request
from .status import (
    ApiError,
    FieldError,
    bad_request,
    forbidden_field,
    invalid,
    invalid_value,
    not_supported,
    too_long,
)

_FALSE = ("", "0", "f", "F", "FALSE", "false", "False")
MANAGER_BYTES_MAX = 128
_FIELD_VALIDATION = ("", "Ignore", "Strict", "Warn")


def is_true(values: Sequence[str] | None) -> bool:
    """A boolean parameter: anything but Go's spellings of false, also a bare `?watch`."""
    if not values:
        return False
    return values[0].lower() != "false" and values[0] not in _FALSE[1:]


def integer(request: Request, name: str) -> int | None:
    """An integer parameter, or None when it is not given."""
    text = request.parameter(name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def version_number(text: str) -> int | None:
    """A resourceVersion as a number, None when it is not one."""
    return int(text) if text.isdecimal() and text.isascii() else None


def check_write_options(request: Request, kind: str) -> None:
    """Refuse wrong `dryRun` and `fieldValidation`.

    Args:
        request: The write.
        kind: CreateOptions, UpdateOptions or PatchOptions, as the message names it.
    """
    query = request.query
    if not query:
        return
    errors: list[FieldError] = []
    dry_run = list(query.get("dryRun") or ())
    if dry_run and any(value != "All" for value in dry_run):
        errors.append(not_supported("dryRun", dry_run, ["All"]))
    errors += _check_manager(request.parameter("fieldManager"))
    validation = request.parameter("fieldValidation")
    if validation not in _FIELD_VALIDATION:
        errors.append(not_supported("fieldValidation", validation, _FIELD_VALIDATION))
    if errors:
        raise invalid(kind, "", errors, "meta.k8s.io")


def _check_manager(name: str) -> list[FieldError]:
    if len(name.encode()) > MANAGER_BYTES_MAX:
        return [too_long("fieldManager", MANAGER_BYTES_MAX)]
    for position, character in enumerate(name):
        if not character.isprintable():
            words = f"invalid character U+{ord(character):04X} (at position {position})"
            return [invalid_value("fieldManager", name, words)]
    return []


def is_dry_run(request: Request) -> bool:
    """Whether the write must leave no trace."""
    return "All" in (request.query.get("dryRun") or ())


@dataclass(frozen=True, slots=True)
class ListOptions:
    """The checked parameters of a list or watch; `rv` is None when none was asked for."""

    rv: int | None
    match: str
    limit: int
    token: str
    timeout_seconds: int | None
    bookmarks: bool
    send_initial_events: bool | None


def list_options(request: Request, *, watching: bool) -> ListOptions:
    """Read and check the parameters of a list or watch (`metav1.ListOptions`)."""
    limit = max(integer(request, "limit") or 0, 0)
    timeout = integer(request, "timeoutSeconds")
    text = request.parameter("resourceVersion")
    match = request.parameter("resourceVersionMatch")
    initial = None
    if "sendInitialEvents" in request.query:
        initial = is_true(request.query["sendInitialEvents"])
    token = request.parameter("continue")
    check = _check_watch if watching else _check_list
    errors = check(text, match, initial, token)
    if errors:
        raise invalid("ListOptions", "", errors, "meta.k8s.io")
    bookmarks = is_true(request.query.get("allowWatchBookmarks"))
    rv = _watch_version(text) if watching else _version(text)
    if rv and token:
        raise bad_request("specifying resource version is not allowed when using continue")
    return ListOptions(rv, match, limit, token, timeout, bookmarks, initial)


def _watch_version(text: str) -> int | None:
    number = version_number(text) if text else None
    if text and number is None:
        cause = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise ApiError(500, "", f'resourceVersion: Invalid value: "{text}": {cause}')
    return number


def _version(text: str) -> int | None:
    if not text:
        return None
    number = version_number(text)
    if number is None:
        cause = f'strconv.ParseUint: parsing "{text}": invalid syntax'
        raise bad_request(
            f'invalid resource version: resourceVersion: Invalid value: "{text}": {cause}'
        )
    return number


def _check_list(text: str, match: str, initial: bool | None, token: str) -> list[FieldError]:
    path, errors = "resourceVersionMatch", []
    if match:
        if not text:
            errors.append(
                forbidden_field(path, f"{path} is forbidden unless resourceVersion is provided")
            )
        if token:
            errors.append(forbidden_field(path, f"{path} is forbidden when continue is provided"))
        if match not in ("Exact", "NotOlderThan"):
            errors.append(not_supported(path, match, ["Exact", "NotOlderThan", ""]))
        if match == "Exact" and text == "0":
            words = f'{path} "exact" is forbidden for resourceVersion "0"'
            errors.append(forbidden_field(path, words))
    if initial is not None:
        errors.append(
            forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list")
        )
    return errors


def _check_watch(text: str, match: str, initial: bool | None, token: str) -> list[FieldError]:
    path, errors = "resourceVersionMatch", []
    if initial is not None and match != "NotOlderThan":
        words = f"sendInitialEvents requires setting {path} to NotOlderThan"
        errors.append(forbidden_field(path, words))
    if match:
        if initial is None:
            words = f"{path} is forbidden for watch unless sendInitialEvents is provided"
            errors.append(forbidden_field(path, words))
        if match != "NotOlderThan":
            errors.append(not_supported(path, match, ["NotOlderThan"]))
        if token:
            errors.append(forbidden_field(path, f"{path} is forbidden when continue is provided"))
    return errors


def too_large(asked: int, current: int) -> ApiError:
    """504: the caller knows a newer version than this server has applied."""
    return ApiError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {asked}, current: {current}",
        details={
            "causes": [
                {
                    "reason": "ResourceVersionTooLarge",
                    "message": "Too large resource version",
                }
            ],
            "retryAfterSeconds": 1,
        },
    )
