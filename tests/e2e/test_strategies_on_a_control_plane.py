"""What our API server says of drawn specs, the real one says too.

Objects are created as dry runs with strict field validation: the real kube-apiserver judges, and
stores nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness import strategies
from harness.clusters.control_plane_programs import missing_programs
from harness.clusters.control_plane_start import control_plane
from harness.explore.strategies.kind import kind_of
from harness.scenario.loader import read_manifests
from tests.support.dry_run import Judge
from tests.support.schemas import AISERVICE, well_known

MISSING = missing_programs()
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

HUNDRED = settings(
    max_examples=100,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
#: Names below `k8s.io` are protected: the server wants to know who approved them.
APPROVED = {"api-approved.kubernetes.io": "unapproved, for a test"}


def definitions() -> dict[str, dict[str, Any]]:
    """The example operator's CRD and those of others, by name."""
    (example,) = read_manifests(AISERVICE)
    found = {"aiservices.example.com": example, **well_known()}
    for crd in found.values():
        crd["metadata"]["annotations"] = {**crd["metadata"].get("annotations", {}), **APPROVED}
    return found


CRDS = [pytest.param(crd, id=name) for name, crd in definitions().items()]


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    """A real kube-apiserver that has all the definitions."""
    with control_plane(controllers=False) as plane:
        found = Judge.at(plane.url, plane.ca_pem, plane.token)
        with contextlib.closing(found.connection):
            for crd in definitions().values():
                found.define(orjson.loads(orjson.dumps(crd)))
            yield found


@pytest.mark.parametrize("crd", CRDS)
@given(data=st.data())
@HUNDRED
def test_the_real_server_accepts_every_valid_spec(
    judge: Judge, crd: dict[str, Any], data: Any
) -> None:
    document = kind_of(crd).whole(data.draw(strategies.from_crd(crd)))
    assert judge.verdict(crd, document) == (201, "")


@pytest.mark.parametrize("crd", CRDS)
@given(data=st.data())
@HUNDRED
def test_the_real_server_refuses_every_invalid_spec_at_the_same_place(
    judge: Judge, crd: dict[str, Any], data: Any
) -> None:
    invalid = data.draw(strategies.invalid_from_crd(crd))
    status, message = judge.verdict(crd, kind_of(crd).whole(invalid.spec))
    assert status in (400, 422)
    assert invalid.path in message or invalid.reason in message
