"""Words that the file formats share: durations, percentages, references, selections.

Everything a user writes in a scenario is checked here or in a model built on `StrictModel`: an
unknown key is an error, a bare number is no duration. The models know nothing of files; the loader
adds file, line and column to what they raise.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)


def camel(name: str) -> str:
    """`restart_after` as files write it: `restartAfter`. A trailing underscore is dropped."""
    head, *tail = name.rstrip("_").split("_")
    return head + "".join(part.capitalize() for part in tail)


class StrictModel(BaseModel):
    """A piece of a file: camelCase keys, unknown keys refused, immutable once read.

    The docstring under a field describes it in the JSON Schema.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        arbitrary_types_allowed=False,
        defer_build=True,  # a process builds the validators of the formats that it reads
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler, /
    ) -> dict[str, Any]:
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in field_descriptions(cls).items():
            key = cls.model_fields[name].alias or name
            properties[key] = {**properties[key], "description": text}
        return schema


def field_descriptions(model: type[BaseModel]) -> dict[str, str]:
    """What a model says about each of its fields: `description`, or the docstring under it.

    pydantic itself can read the docstrings (`use_attribute_docstrings`), but then each process pays
    for it that imports the models: a tenth of a second at each start.
    """
    texts: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            texts |= _docstrings_under_fields(each)
    given = {name: field.description for name, field in model.model_fields.items()}
    return {name: text for name in given if (text := given[name] or texts.get(name, ""))}


def _docstrings_under_fields(model: type[BaseModel]) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    except OSError:  # it was made by a program, `create_model` for one
        return {}
    assert isinstance(tree.body[0], ast.ClassDef), "the source of a class is a class"
    found: dict[str, str] = {}
    statements = tree.body[0].body
    for field, text in pairwise(statements):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            found[field.target.id] = inspect.cleandoc(text.value.value)
    return found


_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|ms|m|s))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")


def parse_duration(value: Any) -> float:
    """Seconds of a duration as files write it: `90s`, `2m`, `1h30m`, `250ms`.

    Raises:
        ValueError: The text is no duration; a bare number is refused because its unit is unknown.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{value!r} is not a duration; write one such as '90s' or '2m'")
    if isinstance(value, int | float):
        raise ValueError(f"{value!r} has no unit; write '{value}s' if seconds are meant")
    text = value.strip()
    if not _DURATION.fullmatch(text):
        remedy = (
            f"write '{text}s' if seconds are meant" if text.isdigit() else "write '90s' or '2m'"
        )
        raise ValueError(f"{value!r} is not a duration; {remedy}")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back: 90.0 is `1m30s`, 0.25 is `250ms`."""
    milliseconds = round(seconds * 1000)
    if milliseconds == 0:
        return "0s"
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, milliseconds = divmod(milliseconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def _duration_in_memory(value: Any) -> float:
    # A model that is built in Python, or read again from its own dump, may already hold seconds.
    return float(value) if isinstance(value, Seconds) else parse_duration(value)


class Seconds(float):
    """Seconds given from Python, where a unit is part of the name: `Seconds(2.5)`."""


Duration = Annotated[
    float,
    BeforeValidator(_duration_in_memory),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(h|ms|m|s))+$"}),
]
"""Seconds; written `90s`, `2m`, `1h30m`, `250ms`."""


class DurationRange(NamedTuple):
    """A span to draw a duration from; both ends in seconds."""

    low: float
    high: float


def _parse_range(value: Any) -> DurationRange:
    if isinstance(value, DurationRange):
        return value
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a range of durations; write one such as '0s..5s'")
    low_text, dots, high_text = value.partition("..")
    low = parse_duration(low_text) if dots else 0.0
    high = parse_duration(high_text if dots else low_text)
    if high < low:
        raise ValueError(f"{value!r} runs backwards; write the shorter duration first")
    return DurationRange(low, high)


Jitter = Annotated[
    DurationRange,
    BeforeValidator(_parse_range),
    PlainSerializer(
        lambda span: f"{format_duration(span.low)}..{format_duration(span.high)}", return_type=str
    ),
    WithJsonSchema({"type": "string", "examples": ["0s..5s", "2s"]}),
]
"""A span of durations, `0s..5s`; one duration alone means from zero to it."""

Percent = Annotated[float, Field(ge=0, le=100)]
"""0 to 100."""


class ObjectReference(NamedTuple):
    """Kind and name of one object, written `Deployment/demo`; the namespace is the case's own."""

    kind: str
    name: str
    api_version: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


_KIND = re.compile(r"[A-Z][A-Za-z0-9]*")


def parse_reference(value: Any) -> ObjectReference:
    """An `ObjectReference` from `Kind/name` or `group/version/Kind/name` (also `v1/Kind/name`)."""
    if isinstance(value, ObjectReference):
        return value
    parts = value.split("/") if isinstance(value, str) else []
    well_formed = len(parts) in (2, 3, 4) and all(parts) and _KIND.fullmatch(parts[-2])
    if not well_formed:
        raise ValueError(f"{value!r} names no object; write Kind/name, such as 'Deployment/demo'")
    return ObjectReference(parts[-2], parts[-1], "/".join(parts[:-2]))


def format_reference(reference: ObjectReference) -> str:
    """The text that `parse_reference` reads back."""
    prefix = f"{reference.api_version}/" if reference.api_version else ""
    return prefix + str(reference)


Reference = Annotated[
    ObjectReference,
    BeforeValidator(parse_reference),
    PlainSerializer(format_reference, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["Deployment/demo"]}),
]
"""One object: `Kind/name`, or `apps/v1/Deployment/name` where the kind alone is ambiguous."""


class Select(StrictModel):
    """Which objects are meant; all that is written must hold. Evaluated when it is needed."""

    kinds: list[str] = []
    """Kinds, such as `[Deployment, Service]`; empty means any that the cluster serves."""
    names: list[str] = []
    """Exact names."""
    labels: dict[str, str] = {}
    """Labels that must be equal."""
    owned_by: str | None = None
    """Their owner, direct or through others: its name in `objects:`, or `Kind/name`."""
    object: str | None = None
    """Exactly this object: its name in `objects:`, or `Kind/name`."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or the known words when none is near."""
    import difflib

    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(words)}" if words else ""


CrashForm = Literal["process", "container", "pod", "deployment", "scale"]
"""What dies when an operator does: its process, its container, its pod, its Deployment, or all of
its replicas. The last four differ only where it runs as a Deployment."""


def _known_capability(word: Any) -> Any:
    if isinstance(word, str) and word not in CAPABILITIES:
        raise ValueError(f"no cluster offers {word!r}{did_you_mean(word, CAPABILITIES)}")
    return word


Capability = Annotated[
    Literal["clock", "containers", "expansion", "loadBalancers", "nodes", "programs", "volumes"],
    BeforeValidator(_known_capability),
]
"""What a scenario may require of the cluster that it runs on:

- `clock`: the operator runs in this process, whose clock can be wrong and whose code can change
- `containers`: containers can be killed and frozen
- `expansion`: there is a StorageClass `expandable`, whose claims can grow
- `loadBalancers`: Services of type LoadBalancer get an address
- `nodes`: a node can be lost, and others take over what it ran
- `programs`: containers really run what is in their images, and reach each other
- `volumes`: claims are bound to volumes whose content outlives a pod
"""
CAPABILITIES: tuple[str, ...] = (
    "clock",
    "containers",
    "expansion",
    "loadBalancers",
    "nodes",
    "programs",
    "volumes",
)
