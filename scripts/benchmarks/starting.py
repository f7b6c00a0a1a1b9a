"""How long it takes until something runs: a fresh process, and a cluster in a warm one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.clusters.simulated import SimulatedCluster
from harness.simulation.world import World, run

from .measuring import Row, fastest, real_seconds, shown

SCENARIO = "scenarios/children/children-deleted.yaml"
_LOOK_EVERY_SECONDS = 0.002
_GIVE_UP_SECONDS = 60.0


def rows() -> list[Row]:
    """Two rows."""
    kopf = fastest(lambda: _python("-c", "import kopf"), tries=5)
    bare = fastest(lambda: _python("-c", "pass"), tries=5)
    first = min(_until_first_record() for _ in range(5))
    return [
        Row(
            "process start to first scenario running",
            shown(first),
            "< 1 s",
            f"`harness run`, until the first line of the journal; `import kopf` alone {shown(kopf)}"
            f", Python alone {shown(bare)}; best of 5",
        ),
        Row("a new cluster in a warm process", shown(_new_cluster()), "< 20 ms", "best of 20"),
    ]


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True)


def _until_first_record() -> float:
    """Seconds from starting `harness run` until its first case wrote its first record."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "harness", "run", SCENARIO, "--report-dir", folder]
        began = real_seconds()
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        try:
            while not any(Path(folder).glob("*/journal.ndjson")):
                if process.poll() or real_seconds() - began > _GIVE_UP_SECONDS:
                    raise RuntimeError(f"{' '.join(command)} did not get as far as a journal")
                time.sleep(_LOOK_EVERY_SECONDS)
            return real_seconds() - began
        finally:
            process.terminate()
            process.wait()


def _new_cluster() -> float:
    return min(run(_start) for _ in range(20))


async def _start(world: World) -> float:
    began = real_seconds()
    await SimulatedCluster.start(world)
    return real_seconds() - began
