"""Rules cost what a real kube-apiserver estimates.

`golden/costs.json` holds what the server said; `scripts/record_cel_costs.py` writes it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.cel import compile_expression
from harness.apiserver.cel.cost_limits import (
    RULE_COST_MAX,
    occurrences_max,
    too_expensive,
    total_cost,
)
from harness.apiserver.schema.node import Node

RECORDED = json.loads((Path(__file__).parent / "golden/costs.json").read_text())
SCHEMA = Node(RECORDED["schema"])


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["rule"]) for case in RECORDED["costs"]]
)
def test_a_rule_costs_what_the_real_server_says(case: dict[str, Any]) -> None:
    cost = compile_expression(case["rule"], {"self": SCHEMA}).cost
    assert cost == pytest.approx(case["cost"], abs=case["error"])


def test_strings_without_a_bound_make_a_rule_expensive() -> None:
    node = Node({"type": "array", "items": {"type": "string"}})
    program = compile_expression("self.all(x, self.all(y, x == y))", {"self": node})
    assert program.cost > 100 * RULE_COST_MAX


def test_a_rule_in_a_list_without_a_bound_counts_for_as_many_as_a_request_holds() -> None:
    node = Node(
        {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    )
    # {"name":""}, and a comma: 3 MiB hold that many of them.
    assert occurrences_max(node) == 3 * 1024 * 1024 // 13


@pytest.mark.parametrize(
    ("cost", "factor"),
    [
        pytest.param(12_345_678, "1.234568x", id="a little more"),
        pytest.param(123_456_789, "12.3x", id="more"),
        pytest.param(total_cost(10**12, 10**12), "more than 100x", id="far more"),
    ],
)
def test_the_refusal_tells_by_how_much(cost: int, factor: str) -> None:
    assert too_expensive("estimated rule cost", cost, RULE_COST_MAX) == (
        f"estimated rule cost exceeds budget by factor of {factor} (try simplifying the rule, or "
        "adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
        "declared)"
    )
