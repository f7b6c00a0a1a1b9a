"""How much rules may cost, and how a server says that they cost too much.

The cost of a rule is that of one evaluation times how often its level can occur in an object:
`maxItems` and `maxProperties` of the lists and maps above, multiplied, or, where one of them has
no bound, `schema_sizes.occurrences_max` of the rule's own schema.
Source: Kubernetes "Resource use by validation functions".
"""

from __future__ import annotations

from harness.apiserver.cel.schema_sizes import occurrences_max as occurrences_max
from harness.apiserver.cel.sizes import capped

RULE_COST_MAX = 10_000_000
"""Of one rule, and of one messageExpression (which is counted once)."""

DEFINITION_COST_MAX = 100_000_000
"""Of all rules of one version of a definition together."""

CONTRIBUTION_MIN = DEFINITION_COST_MAX // 100
"""Rules from this cost on are named when the whole is too expensive, the four worst of them."""


def total_cost(cost: int, occurrences: int) -> int:
    """The cost of a rule, wherever it applies."""
    return capped(cost * occurrences)


def too_expensive(what: str, cost: int, limit: int) -> str:
    """The words for a cost beyond a limit.

    Args:
        what: `estimated rule cost`, `estimated messageExpression cost`, or
            `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema`.
    """
    factor = cost / limit
    if factor > 100:
        shown = "more than 100x"
    else:
        shown = f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return (
        f"{what} exceeds budget by factor of {shown} (try simplifying the rule, or adding "
        "maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
