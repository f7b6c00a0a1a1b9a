"""The pytest plugin as a user has it: a project with a conftest, and pytest as its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import NEVER_FIRES, ROOT, Project, scenario

CONFTEST = 'pytest_plugins = ["harness.pytest_plugin"]\n'
MANIFEST = ROOT / "operator" / "manifests" / "crd.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project whose conftest loads the plugin."""
    project = Project.make(tmp_path)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "pyproject.toml").write_text(
        (tmp_path / "pyproject.toml").read_text()
        + '[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n'
    )
    return project


def run_pytest(project: Project, *words: str) -> tuple[int, str]:
    """pytest's exit code and output."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *words],
        cwd=project.folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def write_test(project: Project, body: str) -> None:
    """A test module with one or more tests."""
    (project.folder / "test_mine.py").write_text("import harness\n\n\n" + body)


# Scenario files


def test_the_cases_of_a_scenario_file_are_tests(project: Project) -> None:
    project.write("good", scenario("good", sizes=(1, 2)))
    code, output = run_pytest(project, "scenarios", "-vv")
    assert code == 0, output
    assert "scenarios/good.yaml::good[size=1] PASSED" in output
    assert "scenarios/good.yaml::good[size=2] PASSED" in output


def test_other_yaml_files_are_left_alone(project: Project) -> None:
    (project.folder / "scenarios" / "manifest.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    code, output = run_pytest(project, "scenarios")
    assert code == pytest.ExitCode.NO_TESTS_COLLECTED, output


def test_a_mistake_in_a_file_is_a_collection_error_with_its_place(project: Project) -> None:
    text = scenario("typo").replace("within: 60s", "withing: 60s")
    project.write("typo", text)
    line = text.splitlines().index("      withing: 60s") + 1
    code, output = run_pytest(project, "scenarios")
    assert code == pytest.ExitCode.INTERRUPTED, output
    assert f"scenarios/typo.yaml:{line}:7: unknown key 'withing'; did you mean 'within'?" in output
    assert "Traceback" not in output


def test_a_case_that_fails_says_why_and_how_to_replay_it(project: Project) -> None:
    project.write("wrong", scenario("wrong").replace("c.status == 'True'", "c.status == 'Never'"))
    code, output = run_pytest(project, "scenarios", "--harness-seed=9")
    assert code == pytest.ExitCode.TESTS_FAILED, output
    assert "NotConverged: wrong[size=1] in step 'create' (within)" in output
    assert "replay: harness run scenarios/wrong.yaml --seed 9 --case size=1" in output
    assert "runtest" not in output  # no trace through the plugin


def test_an_inconclusive_case_is_not_passed(project: Project) -> None:
    project.write("vain", scenario("vain", NEVER_FIRES))
    code, output = run_pytest(project, "scenarios")
    assert code == pytest.ExitCode.TESTS_FAILED, output
    assert "Inconclusive: vain[size=1]" in output


def test_own_code_of_a_scenario_needs_permission(project: Project) -> None:
    step = '  - {name: own, faults: [{name: mine, custom: {function: "os:getcwd"}}]}\n'
    project.write("own", scenario("own", step))
    code, output = run_pytest(project, "scenarios")
    assert code == pytest.ExitCode.TESTS_FAILED, output
    assert "fault 'mine' runs Python code; --allow-custom permits that" in output
    assert "run_single" not in output


def test_journals_go_where_they_are_asked_to_go(project: Project) -> None:
    project.write("good", scenario("good"))
    code, output = run_pytest(project, "scenarios", "--harness-seed=4", "--harness-report=kept")
    assert code == 0, output
    kept = project.folder / "kept" / "good-size=1-seed4"
    assert sorted(path.name for path in kept.iterdir()) == [
        "journal.ndjson",
        "plan.yaml",
        "run.json",
    ]


def test_two_workers_share_the_cases(project: Project) -> None:
    project.write("good", scenario("good", sizes=(1, 2)))
    write_test(project, "async def test_time(cluster):\n    await cluster.sleep('1h')\n")
    code, output = run_pytest(project, "-n", "2")
    assert code == 0, output
    assert "3 passed" in output


# The fixture `cluster`

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


def test_an_async_test_runs_on_the_clusters_clock(project: Project) -> None:
    write_test(project, PASSING)
    code, output = run_pytest(project)
    assert code == 0, output


def test_a_failing_test_says_the_nearest_miss_and_its_seed(project: Project) -> None:
    write_test(project, FAILING)
    code, output = run_pytest(project, "--harness-seed=77")
    assert code == pytest.ExitCode.TESTS_FAILED, output
    assert "Deployment/demo does not exist" in output
    assert "seed 77; repeat with --harness-seed=77" in output


@pytest.mark.parametrize("body", [PASSING, FAILING], ids=["passing", "failing"])
def test_nothing_leaks_into_the_next_test(project: Project, body: str) -> None:
    (project.folder / "test_a.py").write_text("import harness\n" + body)
    (project.folder / "test_b.py").write_text(NOTHING_LEAKED)
    code, output = run_pytest(project, "-vv")
    assert "test_nothing_leaked PASSED" in output
    assert code == (0 if body is PASSING else 1), output


def test_one_seed_is_one_run(project: Project) -> None:
    write_test(
        project,
        "import pathlib, random\n"
        "async def test_draw(cluster):\n"
        "    with pathlib.Path('drawn').open('a') as file:\n"
        "        print(random.random(), cluster.seconds, file=file)\n",
    )
    for seed in ("5", "5", "6"):
        assert run_pytest(project, f"--harness-seed={seed}")[0] == 0
    first, again, other = (project.folder / "drawn").read_text().splitlines()
    assert first == again != other


def test_other_async_tests_are_left_to_other_plugins(project: Project) -> None:
    write_test(project, "async def test_bare():\n    raise AssertionError\n")
    code, output = run_pytest(project)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "async def functions are not natively supported" in output


def test_fixtures_and_parameters_reach_an_async_test(project: Project) -> None:
    write_test(
        project,
        "import pytest\n"
        "@pytest.mark.parametrize('hours', [1, 2])\n"
        "async def test_sleep(cluster, hours, tmp_path):\n"
        "    before = cluster.seconds\n"
        "    await cluster.sleep(f'{hours}h')\n"
        "    assert cluster.seconds - before == hours * 3600 and tmp_path.is_dir()\n",
    )
    code, output = run_pytest(project)
    assert (code, "2 passed" in output) == (0, True), output


def test_methods_are_tests_too(project: Project) -> None:
    write_test(
        project,
        "class TestMine:\n"
        "    async def test_sleep(self, cluster):\n"
        "        await cluster.sleep('1h')\n",
    )
    code, output = run_pytest(project)
    assert (code, "1 passed" in output) == (0, True), output


def test_hypothesis_gives_each_example_a_cluster_of_its_own(project: Project) -> None:
    write_test(
        project,
        "from hypothesis import HealthCheck, given, settings, strategies as st\n"
        "@settings(max_examples=5, deadline=None, database=None,\n"
        "    suppress_health_check=[HealthCheck.function_scoped_fixture])\n"
        "@given(minutes=st.integers(1, 60))\n"
        "async def test_sleep(cluster, minutes):\n"
        "    before = cluster.seconds\n"
        "    assert before < 10\n"
        "    await cluster.sleep(f'{minutes}m')\n"
        "    assert cluster.seconds - before == minutes * 60\n",
    )
    code, output = run_pytest(project)
    assert (code, "1 passed" in output) == (0, True), output


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
    code, output = run_pytest(project, *words)
    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert message in output
    assert "Traceback" not in output


def test_options_of_pytest_kind_are_left_to_its_own_fixture_in_the_simulation(
    project: Project,
) -> None:
    write_test(project, "async def test_time(cluster):\n    await cluster.sleep('1h')\n")
    code, output = run_pytest(project, "--cluster-name=mine", "--keep-cluster", "--kubeconfig=x")
    assert code == 0, output


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
    code, output = run_pytest(project, *kept_out, *where)
    assert code == 0, output


def test_deadlines_can_be_longer_in_the_simulation_too(project: Project) -> None:
    project.write("good", scenario("good").replace("within: 60s", "within: 1ms"))
    code, output = run_pytest(project, "scenarios")
    assert code == pytest.ExitCode.TESTS_FAILED, output
    code, output = run_pytest(project, "scenarios", "--timeout-scale=60000")
    assert code == 0, output
