"""Semantic versions: `semver('1.2.3')`, their parts and order.

Source: Semantic Versioning 2.0.0; with `true` as a second argument `v1.2` and `01.2.3` pass too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

from harness.apiserver.cel.declarations import Declarations
from harness.apiserver.cel.errors import CelEvaluationError
from harness.apiserver.cel.static_types import BOOL, INT, STRING, Type

VERSIONS = Declarations()
SEMVER = Type("kubernetes.Semver")
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789")


@dataclass(frozen=True, slots=True, eq=False)
class Semver:
    """A version; what it was built from does not count when comparing."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...]
    cel_type: ClassVar[str] = SEMVER.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and compare_versions(self, other) == 0

    def __hash__(self) -> int:
        return hash((self.major, self.minor, self.patch, self.prerelease))


def parse_semver(text: str, normalize: bool = False) -> Semver:
    """A version.

    Raises:
        CelEvaluationError: Not one; worded as upstream's parser does.
    """
    if not text:
        raise CelEvaluationError("Version string empty")
    parts = (_normalized(text) if normalize else text).split(".", 2)
    if len(parts) != 3:
        raise CelEvaluationError("No Major.Minor.Patch elements found")
    major, minor = _number("Major", parts[0]), _number("Minor", parts[1])
    rest, plus, build = parts[2].partition("+")
    patch, dash, prerelease = rest.partition("-")
    version = Semver(
        major, minor, _number("Patch", patch), tuple(prerelease.split(".")) if dash else ()
    )
    for part in version.prerelease:
        _check_prerelease(part)
    for part in build.split(".") if plus else ():
        _check_part("Build meta data", part)
    return version


def _number(what: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit()):
        raise CelEvaluationError(f'Invalid character(s) found in {what.lower()} number "{digits}"')
    if len(digits) > 1 and digits.startswith("0"):
        raise CelEvaluationError(f'{what} number must not contain leading zeroes "{digits}"')
    return int(digits)


def _check_prerelease(part: str) -> None:
    _check_part("Prerelease", part)
    if part.isdigit() and len(part) > 1 and part.startswith("0"):
        raise CelEvaluationError(
            f'Numeric PreRelease version must not contain leading zeroes "{part}"'
        )


def _check_part(what: str, part: str) -> None:
    if not part:
        raise CelEvaluationError(f"{what} is empty")
    if not _ALLOWED.issuperset(part):
        raise CelEvaluationError(f'Invalid character(s) found in {what.lower()} "{part}"')


def _normalized(text: str) -> str:
    parts = text.removeprefix("v").split(".", 2)
    for index, part in enumerate(parts):
        if len(part) > 1:
            stripped = part.lstrip("0")
            parts[index] = stripped if stripped[:1].isdigit() else f"0{stripped}"
    if len(parts) < 3 and any(mark in parts[-1] for mark in "+-"):
        raise CelEvaluationError("short version cannot contain PreRelease/Build meta data")
    return ".".join([*parts, *["0"] * (3 - len(parts))])


def compare_versions(left: Semver, right: Semver) -> int:
    """-1, 0 or 1; a prerelease comes before its release."""
    ours, theirs = (left.major, left.minor, left.patch), (right.major, right.minor, right.patch)
    if ours != theirs:
        return 1 if ours > theirs else -1
    if not left.prerelease or not right.prerelease:
        return bool(right.prerelease) - bool(left.prerelease)
    for one, other in zip_longest(left.prerelease, right.prerelease):
        if one != other:
            return _compare_parts(one, other)
    return 0


def _compare_parts(one: str | None, other: str | None) -> int:
    """Fewer parts come first, numbers before words."""
    if one is None or other is None:
        return -1 if one is None else 1
    if one.isdigit() and other.isdigit():
        return 1 if int(one) > int(other) else -1
    if one.isdigit() != other.isdigit():
        return -1 if one.isdigit() else 1
    return 1 if one > other else -1


def _is_semver(text: str, normalize: bool = False) -> bool:
    try:
        parse_semver(text, normalize)
    except CelEvaluationError:
        return False
    return True


function, member = VERSIONS.function, VERSIONS.member
for _arguments in ((STRING,), (STRING, BOOL)):
    function("semver", *_arguments, result=SEMVER)(parse_semver)
    function("isSemver", *_arguments, result=BOOL)(_is_semver)
member("isGreaterThan", SEMVER, SEMVER, result=BOOL)(lambda a, b: compare_versions(a, b) > 0)
member("isLessThan", SEMVER, SEMVER, result=BOOL)(lambda a, b: compare_versions(a, b) < 0)
member("compareTo", SEMVER, SEMVER, result=INT)(compare_versions)
member("major", SEMVER, result=INT)(lambda value: value.major)
member("minor", SEMVER, result=INT)(lambda value: value.minor)
member("patch", SEMVER, result=INT)(lambda value: value.patch)
