"""`kill -9` in the middle of faults, then `harness clean`: everything is as it was before.

Once on our own served API server, which needs nothing, and once on a real control plane.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from harness.apiserver.requests import Object
from harness.client import Client
from harness.client.http_transport import HttpTransport
from harness.client.resources import CONFIGMAPS, NAMESPACES, NODES
from harness.clusters.access import read_kubeconfig
from harness.clusters.control_plane_programs import missing_programs
from harness.clusters.control_plane_start import control_plane
from harness.clusters.ownership import OURS
from harness.faults.undo_records import NAMESPACE as RECORDS
from tests.support.command import ROOT
from tests.support.killed import as_they_are, create_all, make_objects
from tests.support.serve import direct_environment, served

T = TypeVar("T")
MISSING = missing_programs()
#: Writes at which a child dies, before they are sent or after they are answered; a whole run makes
#: about 48. `tests/unit/running` goes through all of them in the simulation.
POINTS = ((1, "before"), (3, "after"), (8, "before"), (14, "after"), (25, "before"), (40, "after"))
TO_THE_END = 1000


@contextlib.contextmanager
def our_own(folder: Path) -> Iterator[Path]:
    """The simulated API server over HTTP, with controllers."""
    with served(folder) as server:
        yield server.kubeconfig


@contextlib.contextmanager
def a_real_one(folder: Path) -> Iterator[Path]:
    """A real control plane."""
    with control_plane() as plane:
        file = folder / "kubeconfig"
        file.write_text(plane.kubeconfig())
        yield file


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(our_own, id="served"),
        pytest.param(
            a_real_one,
            id="control-plane",
            marks=[pytest.mark.real, pytest.mark.skipif(bool(MISSING), reason=MISSING)],
        ),
    ],
)
def kubeconfig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A cluster for all tests here."""
    with request.param(tmp_path_factory.mktemp("cluster")) as file:
        yield file


def ask(kubeconfig: Path, body: Callable[[Client], Awaitable[T]]) -> T:
    """Call a function with a client of the cluster."""

    async def main() -> T:
        access = read_kubeconfig(kubeconfig)
        async with HttpTransport(access.url, token=access.token, tls=access.tls()) as transport:
            return await body(Client(transport, "somebody"))

    return asyncio.run(main())


async def furnish(client: Client, shop: str) -> None:
    """A namespace, a node, and what will be broken in them."""
    await client.create(NAMESPACES, {"metadata": {"name": shop}})
    await client.create(NODES, {"metadata": {"name": f"node-of-{shop}"}})
    await create_all(client, make_objects(shop))


async def seen(client: Client) -> dict[str, Object]:
    """What there is, for comparison."""
    found: dict[str, Object] = {}
    for namespace in await client.list_objects(NAMESPACES):
        name = namespace["metadata"]["name"]
        if name.startswith("shop"):
            found |= await as_they_are(client, name)
    return found


def run_child(kubeconfig: Path, shop: str, writes: int, when: str) -> int:
    """Let a child break things until it kills itself; how it ended."""
    command = [sys.executable, "-m", "tests.support.killed_child", str(kubeconfig), shop]
    ended = subprocess.run(
        [*command, str(writes), when], cwd=ROOT, env=direct_environment(), capture_output=True
    )
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr.decode()
    return ended.returncode


def clean(kubeconfig: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`harness clean` with a kubeconfig, blind to other runs of this machine."""
    command = [sys.executable, "-m", "harness", "clean", "--kubeconfig", str(kubeconfig)]
    return subprocess.run(
        [*command, "--folder", str(folder), *options],
        env={**direct_environment(), "TMPDIR": str(folder)},
        text=True,
        capture_output=True,
    )


def test_wherever_runs_are_killed_cleaning_puts_everything_back(
    kubeconfig: Path, tmp_path: Path
) -> None:
    shops = {f"shop-{number}": point for number, point in enumerate(POINTS)}
    for shop in shops:
        ask(kubeconfig, partial(furnish, shop=shop))
    before = ask(kubeconfig, seen)
    for shop, (writes, when) in shops.items():
        assert run_child(kubeconfig, shop, writes, when) == -signal.SIGKILL
    broken = ask(kubeconfig, seen)
    assert broken != before

    told = clean(kubeconfig, tmp_path, "--dry-run")
    assert "would  case, fault fault-0: create Deployment/demo in shop-2 if missing" in told.stdout
    assert ask(kubeconfig, seen) == broken, "a dry run changes nothing"

    cleaned = clean(kubeconfig, tmp_path)
    assert cleaned.returncode == os.EX_OK, cleaned.stdout + cleaned.stderr
    assert ask(kubeconfig, seen) == before


def test_a_run_that_gets_to_its_end_leaves_nothing_to_undo(
    kubeconfig: Path, tmp_path: Path
) -> None:
    ask(kubeconfig, partial(furnish, shop="shop-of-the-last"))
    assert run_child(kubeconfig, "shop-of-the-last", TO_THE_END, "before") == os.EX_OK
    cleaned = clean(kubeconfig, tmp_path)
    assert "fault" not in cleaned.stdout
    assert cleaned.returncode == os.EX_OK


PROJECT = "[tool.operator-harness]\n"
#: It lasts longer than any test; only its undo ends it.
SCENARIO = """
apiVersion: harness.dev/v1alpha1
kind: Scenario
metadata: {name: drift}
spec:
  description: A fault that lasts until the run is ended from outside.
  steps:
  - name: drift
    do:
    - apply:
        object: {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: "1"}}
    faults:
    - {name: lasting, duration: 10m, patchObject: {object: ConfigMap/settings, merge: {data: {a: "2"}}}}
    expect: {within: 10m, all: [cel: "1 == 2"]}
"""  # noqa: E501 - one fault a line


@contextlib.contextmanager
def running(kubeconfig: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`harness run` on an existing cluster, in the middle of its fault."""
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "drift.yaml").write_text(SCENARIO)
    command = [sys.executable, "-m", "harness", "run", "drift.yaml", "--cluster", "existing"]
    command += ["--kubeconfig", str(kubeconfig), "--subject", "sleep 600"]
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**direct_environment(PYTHONPATH=str(ROOT)), "TMPDIR": str(folder)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            ask(kubeconfig, a_record_is_there)
            yield process
        finally:
            process.kill()


async def a_record_is_there(client: Client) -> None:
    """Wait for the undo record of a fault."""
    async with asyncio.timeout(60):
        async for event in client.watch(CONFIGMAPS, RECORDS, labels=OURS):
            if event.type == "ADDED":
                return


async def namespaces(client: Client) -> list[str]:
    """The names of those that exist and stay."""
    return [
        namespace["metadata"]["name"]
        for namespace in await client.list_objects(NAMESPACES)
        if "deletionTimestamp" not in namespace["metadata"]
    ]


def test_cleaning_waits_for_the_case_whose_command_was_killed(
    kubeconfig: Path, tmp_path: Path
) -> None:
    before = ask(kubeconfig, namespaces)
    with running(kubeconfig, tmp_path) as process:
        assert ask(kubeconfig, namespaces) != before
        process.kill()
    cleaned = clean(kubeconfig, tmp_path)
    assert cleaned.returncode == os.EX_OK, cleaned.stdout + cleaned.stderr
    assert ask(kubeconfig, namespaces) == before
    assert not list(tmp_path.glob("operator-harness-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_run_that_is_interrupted_puts_everything_back_by_itself(
    kubeconfig: Path, tmp_path: Path, number: signal.Signals
) -> None:
    before = ask(kubeconfig, namespaces)
    with running(kubeconfig, tmp_path) as process:
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert ask(kubeconfig, namespaces) == before
    (journal,) = tmp_path.glob(".harness/last/drift-*/journal.ndjson")
    assert '"phase":"undone"' in journal.read_text()
