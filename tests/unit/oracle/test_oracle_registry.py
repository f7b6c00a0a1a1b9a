"""Oracles of installed packages become keys of claims, at every depth."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.errors import UsageError
from harness.oracle.claims import Claim
from harness.oracle.registry import with_oracles
from harness.oracle.view import HOLDS, Judge, Judgement, View
from tests.support.history import History, thing


class Fewer(Judge):
    """Fewer objects than that may exist."""

    than: int
    """How many."""

    def judge(self, view: View) -> Judgement:
        """Count them all."""
        number = len(view.state.objects())
        return HOLDS if number < self.than else Judgement(False, f"there are {number}")


Extended = with_oracles(Claim, {"fewerObjects": Fewer})


def judge(claim: dict[str, Any]) -> Judgement:
    history = History()
    history.write(thing("Pod", "one"))
    return Extended.model_validate(claim).judge(history.view)


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        pytest.param({"fewerObjects": {"than": 2}}, True, id="holds"),
        pytest.param({"fewerObjects": {"than": 1}}, False, id="does-not"),
        pytest.param({"all": [{"any": [{"fewerObjects": {"than": 2}}]}]}, True, id="nested"),
        pytest.param({"none": [{"fewerObjects": {"than": 2}}]}, False, id="negated"),
        pytest.param({"cel": "true"}, True, id="beside-the-built-in-ones"),
    ],
)
def test_an_oracle_of_a_package_is_judged_like_a_built_in_claim(
    claim: dict[str, Any], holds: bool
) -> None:
    assert judge(claim).holds is holds


def test_its_parameters_are_checked() -> None:
    with pytest.raises(ValidationError, match=r"fewerObjects\.than"):
        Extended.model_validate({"fewerObjects": {}})


def test_it_stands_in_the_schema() -> None:
    schema = str(Extended.model_json_schema())
    assert "fewerObjects" in schema
    assert "Fewer objects than that may exist." in schema


def test_without_oracles_nothing_changes() -> None:
    assert with_oracles(Claim, {}) is Claim


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(UsageError, match="is called 'cel', which is taken"):
        with_oracles(Claim, {"cel": Fewer})
