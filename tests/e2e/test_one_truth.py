"""One truth: the same scenario files on `sim` and on a real kind cluster, with the same outcome.

`harness run` is called as a user calls it, once for each cluster, all scenarios in one go: cluster,
images, stack, operator in a pod behind the proxy. What both left on disk is compared. A difference
is a bug of the simulation. `make compare` does the same with more scenarios, and measures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.clusters.kind import KindOptions, missing_for_kind
from harness.clusters.kind.images import given_base_image
from harness.clusters.stack import missing_for_stack
from harness.clusters.stack.plugin import find_plugin
from harness.report.comparing import compare_runs
from tests.support.kind import BASE_IMAGES, NODE_IMAGES, ROOT, local_image

pytestmark = [pytest.mark.real, pytest.mark.timeout(1500)]

#: One of each family of faults, without a matrix, and short where time is real.
SCENARIOS = (
    "children/owner-references-stripped",
    "lifecycle/rapid-edits",
    "lifecycle/key-removed-from-spec",
    "api/conflicts",
    "watch/watch-lost-and-expired",
)
SEED = "1"
#: Of this module alone: other tests may have a kind cluster of their own at the same time.
CLUSTER = "one-truth"


def kind_options(request: pytest.FixtureRequest) -> list[str]:
    """Options of `harness run` for kind on this machine; skips, with the reason, where it has none.

    They are pytest-kind's. Where Pulumi's plugin is not installed, the stand-in is named.
    """
    if "CI_BEGAN" in os.environ:
        pytest.skip("the kind lane of .ci/run, which comes later, compares more scenarios")
    option = request.config.getoption
    programs = {"--kind-bin": option("kind_bin"), "--kind-kubectl-bin": option("kind_kubectl_bin")}
    standin = "" if find_plugin() else str(ROOT / "tests" / "infra" / "standin")
    found = KindOptions(kind_bin=option("kind_bin"), kubectl_bin=option("kind_kubectl_bin"))
    if missing := missing_for_kind(found) or missing_for_stack(standin):
        pytest.skip(missing)
    options = {
        **programs,
        "--cluster-name": CLUSTER,
        "--kind-image": local_image(option("kind_image") or "", NODE_IMAGES),
        "--base-image": local_image(given_base_image(), BASE_IMAGES),
        "--pulumi-plugin": standin,
    }
    return [f"{name}={value}" for name, value in options.items() if value]


def run_all(cluster: str, report: Path, *options: str) -> str:
    """`harness run` of all scenarios on a cluster; returns what it printed."""
    files = [f"scenarios/{name}.yaml" for name in SCENARIOS]
    command = [sys.executable, "-m", "harness", "run", *files, f"--cluster={cluster}"]
    done = subprocess.run(
        [*command, f"--seed={SEED}", f"--report-dir={report}", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"


def differences(ours: Path, theirs: Path) -> list[str]:
    """What kind says otherwise, scenario by scenario."""
    found = []
    for name in (f"{Path(scenario).name}-seed{SEED}" for scenario in SCENARIOS):
        compared = compare_runs(ours / name, theirs / name)
        found += [f"{name}: {difference}" for difference in compared.differences]
        for where, run in (("sim", compared.ours), ("kind", compared.theirs)):
            if run["verdict"] != "Passed":
                found.append(f"{name}: {run['verdict']} on {where}: {run['message']}")
    return found


# One test, and not one for each scenario: two workers of pytest-xdist would both make the cluster.
def test_kind_tells_what_the_simulation_tells(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = kind_options(request)
    for cluster, more in (("sim", ()), ("kind", ("--timeout-scale=2", *options))):
        words = run_all(cluster, tmp_path / cluster, *more)
        results = json.loads((tmp_path / cluster / "run.json").read_text())["results"]
        assert len(results) == len(SCENARIOS), words
    monkeypatch.chdir(ROOT)  # plans name their files from there
    assert differences(tmp_path / "sim", tmp_path / "kind") == []
