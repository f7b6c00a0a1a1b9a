"""What rules may cost: estimated when the CRD is written, for the largest object that fits.

A rule costs what one evaluation can cost at most, times how often its level can occur. Both one
rule and all rules of a schema together have a limit.
Source: apiextensions `pkg/apis/apiextensions/validation`, Kubernetes "Resource use by validation
functions".
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..cel.schema_sizes import occurrences_max
from ..schema.node import Node
from ..status import FieldError, forbidden_field

RULE_COST_MAX = 10_000_000
TOTAL_COST_MAX = 100_000_000
#: Cheaper rules are not blamed for a total that is too high, and at most so many are.
_BLAMED_COST_MIN = TOTAL_COST_MAX // 100
_BLAMED_COUNT_MAX = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A level of a schema, as rules there see it.

    `occurrences` is how often it can occur, None where a list or map above has no bound; `lost` is
    the path of the nearest list above whose items cannot be told apart between two versions.
    """

    path: str
    occurrences: int | None = 1
    lost: str = ""
    is_root: bool = True

    def below(self, node: Node, path: str) -> Place:
        """A level right below this one, whose schema is `node`."""
        many = self.occurrences
        if path in (f"{self.path}.items", f"{self.path}.additionalProperties"):
            bound = node.raw.get("maxItems" if node.type == "array" else "maxProperties")
            many = None if many is None or bound is None else many * int(bound)
        loses = node.type == "array" and node.list_type != "map"
        return Place(path, many, self.lost or (self.path if loses else ""), is_root=False)

    def times(self, node: Node) -> int:
        """How often a rule of this level can run for one object."""
        return occurrences_max(node) if self.occurrences is None else self.occurrences


@dataclass(slots=True)
class Budget:
    """What the rules of one schema cost together."""

    total: int = 0
    spent: list[tuple[int, str]] = field(default_factory=list)

    def spend(self, path: str, what: str, cost: int) -> list[FieldError]:
        """Count one expression; one that is too expensive is an error of its own."""
        self.total += cost
        self.spent.append((cost, path))
        if cost <= RULE_COST_MAX:
            return []
        return [forbidden_field(path, _words(what, cost, RULE_COST_MAX))]

    def errors(self, path: str) -> list[FieldError]:
        """What is wrong with the total, the most expensive rules first."""
        if self.total <= TOTAL_COST_MAX:
            return []
        limit = "exceeding cost limit for entire OpenAPIv3 schema"
        blame = f"contributed to estimated rule cost total {limit}"
        ranked = sorted(self.spent, key=lambda each: -each[0])[:_BLAMED_COUNT_MAX]
        errors = [forbidden_field(at, blame) for cost, at in ranked if cost >= _BLAMED_COST_MIN]
        what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        return [*errors, forbidden_field(path, _words(what, self.total, TOTAL_COST_MAX))]


def _words(what: str, cost: int, limit: int) -> str:
    factor = cost / limit
    shown = f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    if factor > 100:
        shown = "more than 100x"
    return (
        f"{what} exceeds budget by factor of {shown} (try simplifying the rule, or adding "
        "maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
