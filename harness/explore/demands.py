"""What a finding demands of the operator, in the words of a scenario's `expect`.

An oracle knows more than a file can say, but what it has found at one place can be said: which
field of which child has which value in a fresh cluster, how many requests are too many, that no
exception is raised. A demand holds for an operator that is right and fails for this one, so the
scenario with it is a regression test; `scenario_saving` proves both before it is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .operations import Operation

if TYPE_CHECKING:
    from .footprint import Difference

Claim = dict[str, Any]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Words that CEL keeps for itself.
_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"}
    | {"let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"}
)
_CLAIMS_MAX = 3


@dataclass(frozen=True, slots=True)
class Demand:
    """What must hold after the operations.

    Args:
        expect: Keys of `expect`; `all` is added to the claims that objects exist.
        objects: Names for the objects of expressions, as `objects` of a scenario has them.
        then: Operations after those of the trial, such as the one back to a good spec.
        is_of_state: Whether a fresh cluster with the final specs must fulfil it, too.
    """

    expect: Mapping[str, Any] = field(default_factory=dict)
    objects: Mapping[str, str] = field(default_factory=dict)
    then: tuple[Operation, ...] = ()
    is_of_state: bool = False


def like_there(found: Iterable[Difference], then: Sequence[Operation] = ()) -> Demand | None:
    """The demand that places which differ become as they are there; None if none can be said."""
    claims: list[Claim] = []
    objects: dict[str, str] = {}
    for difference in sorted(found, key=is_said_by_itself):
        claim = _claim(difference, objects)
        if claim is not None and len(claims) < _CLAIMS_MAX:
            claims.append(claim)
    if not claims:
        return None
    return Demand({"all": claims}, objects, tuple(then), is_of_state=True)


def _claim(difference: Difference, objects: dict[str, str]) -> Claim | None:
    """One place as a claim; None where names are drawn, or the place is not in the object."""
    reference = difference.role.rpartition(" > ")[2]
    kind, _, name = reference.partition("/")
    path, wanted = difference.path, difference.wanted
    if "*" in name or path[:1] == ("readyPods",):
        return None
    if not path:
        return _existence(difference, kind, name)
    if path[0] == "conditions" and len(path) == 2:
        condition = {"type": path[1], "status": wanted}
        return _pattern(kind, name, {"status": {"conditions": [condition]}}) if wanted else None
    if any(isinstance(part, int) for part in path) or _is_of_order(difference):
        variable = _variable(reference, objects)
        return {"cel": _expression(variable, path, wanted)}
    value: Any = {"absent": True} if wanted is None else wanted
    if isinstance(wanted, list):
        value = {"exactly": wanted}  # what is masked in its items may be anything
    for part in reversed(path):
        value = {part: value}
    return _pattern(kind, name, value)


def is_said_by_itself(difference: Difference) -> bool:
    """Whether it is what an object says of itself; its children explain that."""
    return difference.path[:1] in (("readyPods",), ("conditions",))


def _is_of_order(difference: Difference) -> bool:
    """Whether two lists have the same items."""
    lists = (difference.wanted, difference.found)
    if not all(isinstance(each, list) for each in lists):
        return False
    texts = [sorted(json.dumps(item, sort_keys=True) for item in each) for each in lists]
    return texts[0] == texts[1]


def _pattern(kind: str, name: str, fields: Mapping[str, Any]) -> Claim:
    metadata = {"name": name, **fields.get("metadata", {})}
    others = {field: value for field, value in fields.items() if field != "metadata"}
    return {"object": {"kind": kind, "metadata": metadata, **others}}


def _existence(difference: Difference, kind: str, name: str) -> Claim | None:
    documents = difference.wanted or difference.found or []
    if len(documents) != 1:
        return None
    found = {"apiVersion": documents[0].get("apiVersion"), "kind": kind, "metadata": {"name": name}}
    return {"object": found} if difference.wanted else {"object": found, "absent": True}


def _variable(reference: str, objects: dict[str, str]) -> str:
    for variable, known in objects.items():
        if known == reference:
            return variable
    variable = f"child{len(objects) + 1}"
    objects[variable] = reference
    return variable


def _expression(variable: str, path: Sequence[str | int], wanted: Any) -> str:
    """`child1.spec.ports[0].name == "p1"`, or `!("team" in child1.metadata.labels)`."""
    *way, last = path
    place = variable + "".join(map(_step, way))
    if wanted is None and isinstance(last, str):
        return f"!({json.dumps(last, ensure_ascii=False)} in {place})"
    return f"{place}{_step(last)} == {json.dumps(wanted, ensure_ascii=False)}"


def _step(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if _IDENTIFIER.fullmatch(part) and part not in _RESERVED:
        return f".{part}"
    return f"[{json.dumps(part, ensure_ascii=False)}]"
