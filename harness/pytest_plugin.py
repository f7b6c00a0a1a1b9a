"""pytest: scenario files are tests, and `async def` tests with `cluster` run on virtual time.

With `--cluster` both run on a real cluster instead, which the whole session shares.

Load it from the root conftest: `pytest_plugins = ["harness.pytest_plugin"]`. Heavy imports happen
inside, so that pytest starts as fast as without it.

    scenarios/x.yaml                collected where its apiVersion is ours; one item a case
    async def test_x(cluster)       a fresh simulated cluster, the seed printed on failure

An async test that takes `cluster` is run by this plugin on the cluster's loop; every other async
test is left to pytest-asyncio or anyio. With Hypothesis' `@given`, each example has a cluster of
its own; Hypothesis' health check does not know that, so such tests write
`@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.library.cluster import Cluster
    from harness.running.session import Session
    from harness.scenario.loader import Case
    from harness.scenario.plan import Plan
    from harness.scenario.result import CaseResult

_MARK = b"harness.dev/"
_SESSION: pytest.StashKey[Session] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """`--harness-seed`, `--harness-report`, `--allow-custom`, and where to run."""
    from harness.pytest_places import add_options

    group = parser.getgroup("operator-harness")
    group.addoption("--harness-seed", type=int, default=None, help="Seed of scenarios and tests.")
    group.addoption(
        "--harness-report", type=Path, default=None, help="Folder for journals of scenarios."
    )
    group.addoption(
        "--allow-custom", action="store_true", help="Permit script actions and custom faults."
    )
    add_options(group, pluginmanager)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """What the options say of the place must be possible before anything is collected.

    First, because Hypothesis' own plugin loads the profile that is chosen, here too.
    """
    from harness.pytest_places import check_workers, cluster_of, place_of
    from harness.pytest_profiles import register_profiles

    register_profiles(config)
    if cluster_of(config):
        check_workers(config)
        place_of(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    """The cluster of this session; it is started by the first test that needs it."""
    from harness.pytest_places import cluster_of

    if cluster_of(session.config):
        from harness.pytest_places import place_of
        from harness.running.session import Session

        def plans() -> list[Plan]:
            return [item.plan for item in session.items if isinstance(item, ScenarioItem)]

        session.config.stash[_SESSION] = Session(place_of(session.config), plans, print)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """No cluster outlives the session."""
    real = session.config.stash.get(_SESSION, None)
    if real is not None:
        real.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files are YAML files that name our API group."""
    if file_path.suffix not in (".yaml", ".yml") or _MARK not in file_path.read_bytes():
        return None
    collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collector


class ScenarioFile(pytest.File):
    """One scenario file; its cases are the items."""

    def collect(self) -> Iterator[pytest.Item]:
        """The cases of the file; mistakes in it are collection errors with their place."""
        from harness.errors import UsageError
        from harness.scenario.loader import load_file

        try:
            cases = load_file(_shown(self.path), named=False)
        except UsageError as error:
            raise self.CollectError(str(error)) from None
        for case in cases:
            yield ScenarioItem.from_parent(self, name=case.name, case=case)


def _shown(path: Path) -> Path:
    """The path as a user would write it, so that errors and replay lines can be pasted."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


class ScenarioFailed(Exception):
    """A case did not pass; carries its result."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(str(result.verdict))
        self.result = result


class ScenarioItem(pytest.Item):
    """One case of a scenario."""

    def __init__(self, *, case: Case, **more: Any) -> None:
        super().__init__(**more)
        self.case = case
        for name, value in case.scenario.metadata.labels.items():
            self.user_properties.append((name, value))

    @functools.cached_property
    def plan(self) -> Plan:
        """What is to be run, and where."""
        from harness.running.place import Place, placed
        from harness.scenario.plan import plans_of
        from harness.scenario.settings import find_settings

        settings = {self.case.file: find_settings(Path(self.case.file))}
        seed = self.config.getoption("--harness-seed")
        plans = plans_of([self.case], seed=seed, repeat=1, draw=drawn_seed(), settings=settings)
        real = self.config.stash.get(_SESSION, None)
        (plan,) = placed(plans, real.place if real is not None else Place())
        return plan

    def runtest(self) -> None:
        """Run the case, in a simulated cluster unless the session has a real one."""
        from harness.oracle.verdict import Verdict
        from harness.running.checking import check_plans
        from harness.running.folders import case_folder
        from harness.running.place import lacking
        from harness.running.processes import run_plan
        from harness.running.single import Options

        plan, real = self.plan, self.config.stash.get(_SESSION, None)
        report = self.config.getoption("--harness-report")
        folder = case_folder(report, plan) if report is not None else None
        options = Options(allow_custom=self.config.getoption("--allow-custom"))
        check_plans([plan], options)
        if real is not None and real.is_real and not lacking(plan):
            options = replace(options, site=real.site(), run=real.run)
        result = run_plan(plan, folder, options)
        if result.verdict is Verdict.SKIPPED:
            pytest.skip(result.message)
        if not result.passed:
            raise ScenarioFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What a person needs to know; a trace only for bugs of the harness."""
        from harness.errors import UsageError
        from harness.report.terminal import failure_text

        if isinstance(excinfo.value, UsageError):
            return str(excinfo.value)
        if not isinstance(excinfo.value, ScenarioFailed):
            return super().repr_failure(excinfo, style)
        return failure_text(excinfo.value.result) + _hash_seed_note()

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the item is from, for reports."""
        return self.path, None, self.name


def _hash_seed_note() -> str:
    if os.environ.get("PYTHONHASHSEED") == "0":
        return ""
    return "\n  (this process hashes at random; the replay line uses PYTHONHASHSEED=0)"


def drawn_seed() -> int:
    """A fresh seed, for who gave none."""
    return int.from_bytes(os.urandom(4), "big")


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """A cluster for one `async def` test: simulated, on virtual time, unless `--cluster` is given.

    On a real one the test has a namespace of its own.
    """
    from harness.library.cluster import Cluster

    seed = request.config.getoption("--harness-seed")
    seed = seed if seed is not None else drawn_seed()
    real = request.config.stash.get(_SESSION, None)
    if real is None or not real.is_real:
        return Cluster(seed=seed, folder=request.path.parent)
    from harness.pytest_places import namespace_of

    return Cluster(
        seed=seed,
        folder=request.path.parent,
        namespace=namespace_of(request.node.nodeid),
        site=real.site(),
        owner=real.run,
    )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an async test that takes `cluster` on the cluster's own loop."""
    from_fixture = pyfuncitem.funcargs.get("cluster")
    if from_fixture is None:
        return None
    from harness.library.cluster import Cluster

    if not isinstance(from_fixture, Cluster):
        return None
    cluster = from_fixture
    with _seed_told_on_failure(pyfuncitem, cluster.seed):
        if inspect.iscoroutinefunction(pyfuncitem.obj):
            _call(pyfuncitem, lambda **arguments: cluster.run(lambda: pyfuncitem.obj(**arguments)))
            return True
        of_hypothesis: Any = getattr(pyfuncitem.obj, "hypothesis", None)
        test = getattr(of_hypothesis, "inner_test", None)
        if test is not None and inspect.iscoroutinefunction(test):
            of_hypothesis.inner_test = _on_fresh_clusters(cluster, test)
            try:
                _call(pyfuncitem, pyfuncitem.obj)
            finally:
                of_hypothesis.inner_test = test
            return True
    return None


def _call(item: pytest.Function, test: Callable[..., object]) -> None:
    """Call a test with those fixtures that it takes."""
    wanted = inspect.signature(item.obj).parameters
    test(**{name: item.funcargs[name] for name in wanted if name in item.funcargs})


def _on_fresh_clusters(cluster: Cluster, test: Callable[..., Any]) -> Callable[..., None]:
    """Hypothesis calls its inner test for each example; each call is a run of its own."""

    @functools.wraps(test)
    def run_one(*arguments: Any, **named: Any) -> None:
        cluster.run(lambda: test(*arguments, **named))

    return run_one


@contextlib.contextmanager
def _seed_told_on_failure(item: pytest.Function, seed: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        line = f"seed {seed}; repeat with --harness-seed={seed}"
        item.add_report_section("call", "operator-harness", line)
        raise
