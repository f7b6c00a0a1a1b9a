"""Our API server over loopback, and the real one in the same run where its programs are.

Both serve https, because the real one serves nothing else; both are asked by the same client in a
process of its own (`load.py`); neither has controllers. The real one is started as cluster
`control-plane` starts it: a fresh etcd that does not wait for the disk, and no audit log.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from harness.clusters.control_plane_start import control_plane, missing_programs

from .measuring import Row, shown

CONNECTIONS = 16
_COUNT = 4000
_TRIES = 3
_GIVE_UP_SECONDS = 30.0

Measured = dict[str, float]


def rows() -> list[Row]:
    """Writes, reads and watch delivery."""
    ours, real = _measure()
    note = f"{CONNECTIONS} connections, https, another process; best of {_TRIES}, in turns"
    return [
        Row(
            "API server, writes",
            f"{ours['writes']:,.0f} /s",
            "as many as the real one at least, then twice",
            f"{_beside(ours, real, 'writes')}; {note}",
        ),
        Row("API server, gets", f"{ours['gets']:,.0f} /s", "", _beside(ours, real, "gets")),
        Row(
            "API server, watch delivery, median",
            shown(ours["watch_p50"]),
            "< half of the real one's",
            _beside(ours, real, "watch_p50"),
        ),
    ]


def _beside(ours: Measured, real: Measured | None, name: str) -> str:
    if real is None:
        return "real kube-apiserver not measured: set KUBEBUILDER_ASSETS"
    if name == "watch_p50":
        return f"kube-apiserver {shown(real[name])}: {ours[name] / real[name]:.2f} of it"
    return f"kube-apiserver {real[name]:,.0f} /s: {ours[name] / real[name]:.1f} times as many"


def _measure() -> tuple[Measured, Measured | None]:
    """Ours and the real one in turns, so that whatever else the machine does slows both."""
    ours, real = [], []
    for _ in range(_TRIES):
        with _our_server() as (url, token):
            ours.append(_load(url, token))
        if not missing_programs():
            with control_plane(controllers=False) as plane:
                real.append(_load(plane.url, plane.token))
    return _best(ours), _best(real) if real else None


def _best(tries: list[Measured]) -> Measured:
    return {
        "writes": max(one["writes"] for one in tries),
        "gets": max(one["gets"] for one in tries),
        "watch_p50": min(one["watch_p50"] for one in tries),
    }


@contextlib.contextmanager
def _our_server() -> Iterator[tuple[str, str]]:
    """`harness serve` without controllers: its URL and token."""
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder, "kubeconfig")
        command = [sys.executable, "-m", "harness", "serve", "--controllers", "none"]
        command += ["--kubeconfig", str(kubeconfig)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            deadline = time.perf_counter() + _GIVE_UP_SECONDS
            while not kubeconfig.exists():
                if process.poll() is not None or time.perf_counter() > deadline:
                    raise RuntimeError(f"{' '.join(command)} did not start")
                time.sleep(0.05)
            document = json.loads(kubeconfig.read_text())
            yield (
                document["clusters"][0]["cluster"]["server"],
                document["users"][0]["user"]["token"],
            )
        finally:
            process.terminate()
            process.wait()


def _load(url: str, token: str) -> Measured:
    settings = {"url": url, "token": token, "connections": CONNECTIONS, "count": _COUNT}
    command = [sys.executable, "-m", "benchmarks.load", json.dumps(settings)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr}")
    measured: Measured = json.loads(done.stdout)
    return measured
