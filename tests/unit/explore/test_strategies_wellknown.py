"""Specs of operators that we did not write: their published CRDs are all that is known of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness import strategies
from harness.explore.strategies.kind import kind_of
from tests.support.schemas import well_known

FEW = settings(
    max_examples=20,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CRDS = [pytest.param(crd, id=name) for name, crd in well_known().items()]


@pytest.mark.parametrize("crd", CRDS)
@given(data=st.data())
@FEW
def test_specs_of_a_published_crd_are_accepted(crd: dict[str, Any], data: Any) -> None:
    kind = kind_of(crd)
    verdict = kind.judge(kind.whole(data.draw(strategies.from_crd(crd))))
    assert (verdict.errors, verdict.unknown) == ([], [])


@pytest.mark.parametrize("crd", CRDS)
@given(data=st.data())
@FEW
def test_mistakes_in_specs_of_a_published_crd_are_refused(crd: dict[str, Any], data: Any) -> None:
    kind = kind_of(crd)
    invalid = data.draw(strategies.invalid_from_crd(crd))
    verdict = kind.judge(kind.whole(invalid.spec))
    assert verdict.errors or (invalid.strict and verdict.unknown)


def test_an_embedded_pod_template_is_one_that_pods_can_be_made_from() -> None:
    crd = well_known()["flinkdeployments.flink.apache.org"]
    templates: list[dict[str, Any]] = []

    @settings(FEW, max_examples=150)
    @given(strategies.from_crd(crd))
    def collect(spec: dict[str, Any]) -> None:
        templates.extend([spec["podTemplate"]] if spec.get("podTemplate") else [])

    collect()
    containers = [one for template in templates for one in template["spec"]["containers"]]
    assert {one["name"] for one in containers} <= {"app", "side"}
    assert all(one["image"] for one in containers)
