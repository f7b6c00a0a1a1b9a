"""Before a namespace is cleared: whose is it?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.apiserver.requests import Object
from harness.clusters.namespaces import check_ours
from harness.clusters.ownership import MANAGED_BY_LABEL, MANAGER, Process, Run
from harness.errors import UsageError

OWN = Run.begin()
OTHER = replace(OWN, name="run-other")
OVER = Run("run-over", (replace(Process.own(), began="long ago"),))
ELSEWHERE = Run("run-elsewhere", (replace(Process.own(), host="another-machine"),))


def namespace(run: Run) -> Object:
    return {"kind": "Namespace", "metadata": run.mark({"name": "case"})}


@pytest.mark.parametrize("run", [OWN, OVER], ids=["own", "over"])
def test_what_nobody_needs_any_more_may_go(run: Run) -> None:
    check_ours(namespace(run), OWN)


REFUSED = [
    pytest.param(namespace(OTHER), "belongs to run-other, which goes on", id="goes-on"),
    pytest.param(namespace(ELSEWHERE), "harness clean --run run-elsewhere", id="elsewhere"),
    pytest.param({"metadata": {"name": "case"}}, "no run of the harness has made it", id="plain"),
    pytest.param(
        # Somebody may manage namespaces by this label without our having made them.
        {"metadata": {"name": "case", "labels": {MANAGED_BY_LABEL: MANAGER}}},
        "no run of the harness has made it",
        id="label-only",
    ),
]


@pytest.mark.parametrize(("document", "message"), REFUSED)
def test_what_is_somebody_elses_stays(document: Object, message: str) -> None:
    with pytest.raises(UsageError, match=f"^namespace 'case' .*{message}"):
        check_ours(document, OWN)
