"""The pytest plugin as a user has it: a project with a conftest, and pytest as its own process.

A process costs a second and a test in it next to nothing, so one suite holds all that can stand
beside each other (`suite`); what ends pytest, or needs other options, runs by itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command import NEVER_FIRES, ROOT, Project, scenario

CONFTEST = 'pytest_plugins = ["harness.pytest_plugin"]\n'
MANIFEST = ROOT / "operator" / "manifests" / "crd.yaml"


@dataclass(frozen=True)
class Ran:
    """How a run of pytest ended, and what was left behind in its folder."""

    code: int
    output: str
    folder: Path

    def outcome(self, test: str) -> str:
        """The word of `-vv` behind a test: PASSED, FAILED, or empty when it is not there."""
        found = re.search(rf"^{re.escape(test)} +([A-Z]+)", self.output, re.MULTILINE)
        return found.group(1) if found else ""

    def failure(self, name: str) -> str:
        """What was told of a failed test, between its heading and the next."""
        _, _, after = re.split(rf"^(_+ {re.escape(name)} _+)$", self.output, flags=re.MULTILINE)
        return re.split(r"^(?:_+ .* _+|=+ .* =+)$", after, flags=re.MULTILINE)[0]


def new_project(folder: Path) -> Project:
    """An empty project whose conftest loads the plugin."""
    project = Project.make(folder)
    (folder / "conftest.py").write_text(CONFTEST)
    settings = folder / "pyproject.toml"
    settings.write_text(
        settings.read_text() + '[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n'
    )
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of a test's own."""
    return new_project(tmp_path)


def run_pytest(project: Project, *words: str) -> Ran:
    """Run pytest in the project's folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *words],
        cwd=project.folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return Ran(done.returncode, done.stdout + done.stderr, project.folder)


def write_test(project: Project, body: str, name: str = "test_mine") -> None:
    """A test module with one or more tests."""
    (project.folder / f"{name}.py").write_text("import harness\n\n\n" + body)


# The suite

PASSING = f"""
async def test_ready(cluster):
    await cluster.apply({str(MANIFEST)!r})
    await cluster.start("aiservice_operator.handlers")
    meta = {{"name": "demo"}}
    body = {{"apiVersion": "example.com/v1", "kind": "AIService", "metadata": meta}}
    await cluster.apply({{**body, "spec": {{"size": 1}}}})
    await cluster.converges(harness.ready("Deployment/demo"), within="60s", stable_for="10s")
"""

FAILING = """
async def test_wrong(cluster):
    await cluster.converges(harness.ready("Deployment/demo"), within="60s")
"""

NOTHING_LEAKED = """
import asyncio, os, random, socket, threading, time, uuid

def world():
    modules = (time.time, time.sleep, time.monotonic, random.random, random.Random, uuid.uuid4,
               os.urandom, socket.socket, socket.create_connection, socket.getaddrinfo,
               threading.Thread.start, threading.Lock, threading.get_ident)
    return [(name.__module__, name) for name in modules]

BEFORE = world()

def test_nothing_leaked():
    assert world() == BEFORE
    assert threading.active_count() == 1
    assert asyncio.get_event_loop_policy()._local._loop is None
    began = time.perf_counter()
    time.sleep(0.01)
    assert 0.01 <= time.perf_counter() - began < 5
    assert abs(time.time() - os.stat(__file__).st_mtime) < 3600
    assert len({random.random() for _ in range(9)} | {uuid.uuid4().int for _ in range(9)}) == 18
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        socket.create_connection(listener.getsockname()).close()
"""

DRAWING = """
import pathlib, random

async def test_draw(cluster):
    with pathlib.Path("drawn").open("a") as file:
        print(random.random(), cluster.seconds, file=file)
"""

BARE = """
async def test_bare():
    raise AssertionError
"""

PARAMETERS = """
import pytest

@pytest.mark.parametrize("hours", [1, 2])
async def test_sleep(cluster, hours, tmp_path):
    before = cluster.seconds
    await cluster.sleep(f"{hours}h")
    assert cluster.seconds - before == hours * 3600 and tmp_path.is_dir()

class TestMine:
    async def test_sleep(self, cluster):
        await cluster.sleep("1h")
"""

EXAMPLES = """
from hypothesis import HealthCheck, given, settings, strategies as st

@settings(max_examples=5, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(minutes=st.integers(1, 60))
async def test_sleep(cluster, minutes):
    before = cluster.seconds
    assert before < 10
    await cluster.sleep(f"{minutes}m")
    assert cluster.seconds - before == minutes * 60
"""

CUSTOM = '  - {name: own, faults: [{name: mine, custom: {function: "os:getcwd"}}]}\n'
SEED = "--harness-seed=9"


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A project with one of everything, run once with seed 9 and the options of pytest-kind."""
    project = new_project(tmp_path_factory.mktemp("suite"))
    project.write("good", scenario("good", sizes=(1, 2)))
    project.write("wrong", scenario("wrong").replace("c.status == 'True'", "c.status == 'Never'"))
    project.write("vain", scenario("vain", NEVER_FIRES))
    project.write("own", scenario("own", CUSTOM))
    project.write("late", scenario("late").replace("within: 60s", "within: 1ms"))
    (project.folder / "scenarios" / "manifest.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    write_test(project, PASSING, "test_a_passing")
    write_test(project, NOTHING_LEAKED, "test_b_after_passing")
    write_test(project, FAILING, "test_c_failing")
    write_test(project, NOTHING_LEAKED, "test_d_after_failing")
    write_test(project, DRAWING, "test_drawing")
    write_test(project, BARE, "test_bare")
    write_test(project, PARAMETERS, "test_parameters")
    write_test(project, EXAMPLES, "test_examples")
    of_kind = ("--cluster-name=mine", "--keep-cluster", "--kubeconfig=x")
    return run_pytest(project, "-vv", SEED, "--harness-report=kept", *of_kind)


def test_what_passes_passes_beside_what_fails(suite: Ran) -> None:
    assert suite.code == pytest.ExitCode.TESTS_FAILED, suite.output
    assert "6 failed, 10 passed" in suite.output, suite.output


# Scenario files


def test_the_cases_of_a_scenario_file_are_tests(suite: Ran) -> None:
    assert suite.outcome("scenarios/good.yaml::good[size=1]") == "PASSED"
    assert suite.outcome("scenarios/good.yaml::good[size=2]") == "PASSED"


def test_other_yaml_files_are_left_alone(suite: Ran) -> None:
    assert "manifest.yaml" not in suite.output


def test_a_mistake_in_a_file_is_a_collection_error_with_its_place(project: Project) -> None:
    text = scenario("typo").replace("within: 60s", "withing: 60s")
    project.write("typo", text)
    line = text.splitlines().index("      withing: 60s") + 1
    ran = run_pytest(project, "scenarios")
    assert ran.code == pytest.ExitCode.INTERRUPTED, ran.output
    told = f"scenarios/typo.yaml:{line}:7: unknown key 'withing'; did you mean 'within'?"
    assert told in ran.output
    assert "Traceback" not in ran.output


def test_a_case_that_fails_says_why_and_how_to_replay_it(suite: Ran) -> None:
    told = suite.failure("wrong[size=1]")
    assert "NotConverged: wrong[size=1] in step 'create' (within)" in told
    assert "replay: harness run scenarios/wrong.yaml --seed 9 --case size=1" in told
    assert "runtest" not in told  # no trace through the plugin


def test_an_inconclusive_case_is_not_passed(suite: Ran) -> None:
    assert suite.outcome("scenarios/vain.yaml::vain[size=1]") == "FAILED"
    assert "Inconclusive: vain[size=1]" in suite.failure("vain[size=1]")


def test_own_code_of_a_scenario_needs_permission(suite: Ran) -> None:
    told = suite.failure("own[size=1]")
    assert "fault 'mine' runs Python code; --allow-custom permits that" in told
    assert "run_single" not in told


def test_journals_go_where_they_are_asked_to_go(suite: Ran) -> None:
    kept = suite.folder / "kept" / "good-size=1-seed9"
    assert sorted(path.name for path in kept.iterdir()) == [
        "journal.ndjson",
        "plan.yaml",
        "run.json",
    ]


def test_two_workers_share_the_cases(project: Project) -> None:
    project.write("good", scenario("good", sizes=(1, 2)))
    write_test(project, "async def test_time(cluster):\n    await cluster.sleep('1h')\n")
    ran = run_pytest(project, "-n", "2")
    assert ran.code == 0, ran.output
    assert "3 passed" in ran.output


# The fixture `cluster`


def test_an_async_test_runs_on_the_clusters_clock(suite: Ran) -> None:
    assert suite.outcome("test_a_passing.py::test_ready") == "PASSED"


def test_a_failing_test_says_the_nearest_miss_and_its_seed(suite: Ran) -> None:
    told = suite.failure("test_wrong")
    assert "Deployment/demo does not exist" in told
    assert "seed 9; repeat with --harness-seed=9" in told


@pytest.mark.parametrize("before", ["b_after_passing", "d_after_failing"])
def test_nothing_leaks_into_the_next_test(suite: Ran, before: str) -> None:
    assert suite.outcome(f"test_{before}.py::test_nothing_leaked") == "PASSED", suite.output


def test_one_seed_is_one_run(suite: Ran, project: Project) -> None:
    write_test(project, DRAWING)
    for seed in (SEED, "--harness-seed=10"):
        assert run_pytest(project, seed).code == 0
    again, other = (project.folder / "drawn").read_text().splitlines()
    (first,) = (suite.folder / "drawn").read_text().splitlines()
    assert first == again != other


def test_other_async_tests_are_left_to_other_plugins(suite: Ran) -> None:
    assert suite.outcome("test_bare.py::test_bare") == "FAILED"
    assert "async def functions are not natively supported" in suite.failure("test_bare")


def test_fixtures_and_parameters_reach_an_async_test(suite: Ran) -> None:
    assert suite.outcome("test_parameters.py::test_sleep[1]") == "PASSED"
    assert suite.outcome("test_parameters.py::test_sleep[2]") == "PASSED"


def test_methods_are_tests_too(suite: Ran) -> None:
    assert suite.outcome("test_parameters.py::TestMine::test_sleep") == "PASSED"


def test_hypothesis_gives_each_example_a_cluster_of_its_own(suite: Ran) -> None:
    assert suite.outcome("test_examples.py::test_sleep") == "PASSED"


# Where it runs


PLACES = [
    pytest.param(
        ["--cluster=kind", "-n2"], "--cluster kind with several workers", id="kind-with-workers"
    ),
    pytest.param(["--context=c"], "--context is for --cluster existing", id="option-of-another"),
    pytest.param(
        ["--cluster=control-plane", "--operator=deployment"], "pods are data", id="no-such-operator"
    ),
    pytest.param(["--cluster=moon"], "invalid choice: 'moon'", id="no-such-cluster"),
]


@pytest.mark.parametrize(("words", "message"), PLACES)
def test_an_impossible_place_is_told_before_anything_runs(
    project: Project, words: list[str], message: str
) -> None:
    project.write("good", scenario("good"))
    ran = run_pytest(project, *words)
    assert ran.code == pytest.ExitCode.USAGE_ERROR, ran.output
    assert message in ran.output
    assert "Traceback" not in ran.output


def test_options_of_pytest_kind_are_left_to_its_own_fixture_in_the_simulation(suite: Ran) -> None:
    assert "--cluster-name" not in suite.output
    assert suite.outcome("test_a_passing.py::test_ready") == "PASSED"


READ = """
from harness.pytest_places import place_of

def test_place(pytestconfig):
    place = place_of(pytestconfig)
    assert place.kind.cluster_name == "mine"
    assert place.kind.keep_cluster
    assert place.timeout_scale == 2
"""


@pytest.mark.parametrize("kept_out", [[], ["-p", "no:pytest-kind"]], ids=["theirs", "ours"])
def test_options_of_kind_are_read_whoever_registers_them(
    project: Project, kept_out: list[str]
) -> None:
    write_test(project, READ)
    where = ["--cluster=kind", "--cluster-name=mine", "--keep-cluster", "--timeout-scale=2"]
    ran = run_pytest(project, *kept_out, *where)
    assert ran.code == 0, ran.output


def test_deadlines_can_be_longer_in_the_simulation_too(suite: Ran, project: Project) -> None:
    assert suite.outcome("scenarios/late.yaml::late[size=1]") == "FAILED"
    project.write("late", scenario("late").replace("within: 60s", "within: 1ms"))
    ran = run_pytest(project, "scenarios", "--timeout-scale=60000")
    assert ran.code == 0, ran.output
