"""One operation on one stack, in a process of its own.

    request (a file) ─▶ Automation API, program inline ─▶ engine ─▶ plugin
                              │ events ─▶ `reporting.py`
                              └─▶ messages on stdout: progress, change, result, error

A message is a JSON text after a record separator (RFC 7464), so that what the program prints can
stand between.

Ctrl-C reaches the engine, which ends what it has begun and gives up its lock. So this process
stays and serves it until then.

See https://www.pulumi.com/docs/iac/automation-api/
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.clusters.stack.pending import adopt_pending
from harness.clusters.stack.reporting import Reporter, tell

_LOOK_SECONDS = 0.1
_LOOKS_MAX = 50

Request = dict[str, Any]


def main(path: str) -> int:
    """Carry out the request in a file; returns the exit code."""
    request: Request = json.loads(Path(path).read_text())
    sys.path[0] = request["program"]
    os.environ.update(request["environment"])
    os.chdir(request["program"])
    signal.signal(signal.SIGINT, lambda number, frame: None)
    from pulumi import automation
    from pulumi.automation.errors import InvalidVersionError

    reporter = Reporter(request["stack"], changing=request["operation"] in ("up", "destroy"))
    failures = (automation.CommandError, InvalidVersionError, OSError, subprocess.SubprocessError)
    try:
        tell("result", _Operation(request, reporter).run())
    except failures as error:
        tell("error", reporter.reasons(str(error)))
        return 1
    return 0


class _Operation:
    """One of `up`, `preview`, `refresh`, `destroy`, `outputs`."""

    def __init__(self, request: Request, reporter: Reporter) -> None:
        self._request = request
        self._reporter = reporter
        self._options = {"on_event": reporter.on_event, "color": "never"}

    def run(self) -> Any:
        from pulumi import automation

        request = self._request
        settings = automation.ProjectSettings(request["project"], "python")
        options = automation.LocalWorkspaceOptions(
            work_dir=request["work"], project_settings=settings
        )
        stack = automation.create_or_select_stack(
            request["stack"],
            project_name=request["project"],
            program=self._program,
            opts=options,
        )
        self._unlock(stack)
        if request["operation"] in ("up", "preview"):
            self._configure(stack)
        carry_out: Callable[[Any], Any] = getattr(self, f"_{request['operation']}")
        return carry_out(stack)

    def _up(self, stack: Any) -> Any:
        return _plain(stack.up(**self._options).outputs)

    def _preview(self, stack: Any) -> None:
        stack.preview(**self._options)

    def _refresh(self, stack: Any) -> None:
        stack.refresh(**self._options)

    def _destroy(self, stack: Any) -> None:
        if cut_off := adopt_pending(stack):
            tell("progress", f"looking for what was being created: {', '.join(cut_off)}")
            stack.refresh(color="never")
        stack.destroy(**self._options)

    def _outputs(self, stack: Any) -> Any:
        return _plain(stack.outputs())

    def _program(self) -> None:
        """The user's program."""
        folder = self._request["program"]
        try:
            runpy.run_path(str(Path(folder, "__main__.py")), run_name="__main__")
        except Exception as error:
            self._reporter.program_failed(error, folder)
            raise

    def _configure(self, stack: Any) -> None:
        """Make the configuration what the request says, and nothing else."""
        project, name = self._request["project"], self._request["stack"]
        settings = stack.workspace.stack_settings(name)
        settings.config = {
            key if ":" in key else f"{project}:{key}": value
            for key, value in self._request["config"].items()
        }
        stack.workspace.save_stack_settings(name, settings)
        for key, value in self._request["secrets"].items():
            self._set_secret(key, value)

    def _set_secret(self, key: str, value: str) -> None:
        """By stdin, which the Automation API has not: everybody can read command lines."""
        stack = self._request["stack"]
        subprocess.run(
            ["pulumi", "config", "set", "--secret", key, "--stack", stack, "--non-interactive"],
            input=value.encode(),
            cwd=self._request["work"],
            check=True,
            capture_output=True,
        )

    def _unlock(self, stack: Any) -> None:
        """Remove the lock of a run that was killed on this machine."""
        for lock in Path(self._request["state"]).glob(".pulumi/locks/**/*.json"):
            holder = json.loads(lock.read_text())
            if holder["hostname"] == socket.gethostname() and _has_ended(holder["pid"]):
                tell("progress", f"removing the lock of pulumi process {holder['pid']}, killed")
                stack.cancel()


def _plain(outputs: Any) -> dict[str, Any]:
    return {name: output.value for name, output in sorted(outputs.items())}


def _has_ended(pid: int) -> bool:
    """Whether a process is gone, or goes soon: one that was just killed takes a moment."""
    never = threading.Event()
    return any(not _is_running(pid) or never.wait(_LOOK_SECONDS) for _ in range(_LOOKS_MAX))


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return (
            "(pulumi) Z" not in Path(f"/proc/{pid}/stat").read_text()
        )  # ended, not yet waited for
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's, or a system without /proc
        return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
