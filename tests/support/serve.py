"""`harness serve` as a process of its own, as a person would start it.

with served(folder, "--manifests", "crd.yaml") as server: ... server.kubeconfig, server.stop()
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS_MAX = 60.0
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def direct_environment(**more: str) -> dict[str, str]:
    """This environment without proxies, which loopback must not go through."""
    kept = {name: value for name, value in os.environ.items() if name.lower() not in PROXIES}
    return {**kept, "NO_PROXY": "127.0.0.1,localhost", **more}


@dataclass
class Server:
    """A running `harness serve`."""

    process: subprocess.Popen[str]
    kubeconfig: Path
    output: list[str] = field(default_factory=list)

    def wait_until_ready(self) -> None:
        """Read what it says until it says that it is ready."""
        assert self.process.stdout is not None
        late = threading.Timer(READY_SECONDS_MAX, self.process.kill)
        late.start()
        try:
            for line in self.process.stdout:
                self.output.append(line.rstrip("\n"))
                if line.startswith("export KUBECONFIG="):
                    return
        finally:
            late.cancel()
        raise AssertionError(f"harness serve was never ready: {self.output}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=READY_SECONDS_MAX)
        self.output += rest.splitlines()
        return self.process.returncode


@contextlib.contextmanager
def served(folder: Path, *arguments: str) -> Iterator[Server]:
    """A simulated cluster in real time, its kubeconfig in `folder`."""
    kubeconfig = folder / "kubeconfig"
    command = [sys.executable, "-m", "harness", "serve", "--kubeconfig", str(kubeconfig)]
    process = subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=direct_environment(),
    )
    server = Server(process, kubeconfig)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if not process.stdout or not process.stdout.closed:
            server.stop()


def find_kubectl() -> str | None:
    """kubectl of `KUBEBUILDER_ASSETS`, else of the PATH."""
    assets = os.environ.get("KUBEBUILDER_ASSETS", "")
    beside = Path(assets, "kubectl")
    return str(beside) if assets and beside.exists() else shutil.which("kubectl")
