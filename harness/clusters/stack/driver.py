"""One operation on one stack, in a process of its own: `python driver.py REQUEST.json`.

    request ─▶ Automation API (program inline) ─▶ engine ─▶ plugin
                     │ events
                     └─▶ messages on stdout: progress, change, problem, result, error

A message is a JSON text after a record separator (RFC 7464), so that what the program prints can
stand between. Nothing of the harness is imported: the first place of the import path belongs to
the program.

Ctrl-C reaches the engine too, which ends what it has begun and gives up its lock. So this process
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
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEPARATOR = "\x1e"
_DONE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced"}
_DOING = {"create": "creating", "update": "updating", "delete": "deleting"}
_PLUMBING = ("pulumi:pulumi:Stack", "pulumi:providers:")
#: The harness says itself which plugin it uses.
_KNOWN_WARNING = "using pulumi-resource-kubernetes from $PATH"

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

    operation = _Operation(request)
    try:
        tell("result", operation.run())
    except (
        automation.CommandError,
        InvalidVersionError,
        OSError,
        subprocess.SubprocessError,
    ) as error:
        tell("error", operation.what_went_wrong(str(error)))
        return 1
    return 0


def tell(kind: str, content: Any) -> None:
    """Write one message, in one piece: events come from several threads."""
    sys.stdout.write(f"{SEPARATOR}{json.dumps({kind: content})}\n")
    sys.stdout.flush()


class _Operation:
    """One of `up`, `preview`, `refresh`, `destroy`, `outputs`, `cancel`."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._problems: list[str] = []
        self._program_error = ""
        self._said: set[str] = set()

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
            # By stdin, which the Automation API has not: command lines can be read by everybody.
            command = ["pulumi", "config", "set", "--secret", key, "--stack", name]
            subprocess.run(
                [*command, "--non-interactive"],
                input=value.encode(),
                cwd=self._request["work"],
                check=True,
                capture_output=True,
            )

    def _up(self, stack: Any) -> Any:
        return _plain(stack.up(on_event=self._on_event, color="never").outputs)

    def _preview(self, stack: Any) -> Any:
        stack.preview(on_event=self._on_event, color="never")

    def _refresh(self, stack: Any) -> Any:
        stack.refresh(on_event=self._on_event, color="never")

    def _destroy(self, stack: Any) -> Any:
        stack.destroy(on_event=self._on_event, color="never")

    def _outputs(self, stack: Any) -> Any:
        return _plain(stack.outputs())

    def _program(self) -> None:
        """The user's program; the place where it fails is remembered."""
        try:
            runpy.run_path(str(Path(self._request["program"], "__main__.py")), run_name="__main__")
        except Exception as error:
            self._program_error = _place_of(error, self._request["program"])
            raise

    def _unlock(self, stack: Any) -> None:
        """Remove the lock of a run that was killed on this machine."""
        for lock in Path(self._request["state"]).glob(".pulumi/locks/**/*.json"):
            holder = json.loads(lock.read_text())
            if holder["hostname"] == socket.gethostname() and not _is_alive(holder["pid"]):
                tell("progress", f"removing the lock of pulumi process {holder['pid']}, killed")
                stack.cancel()

    def _on_event(self, event: Any) -> None:
        if event.diagnostic_event is not None:
            self._diagnose(event.diagnostic_event)
        elif event.resource_pre_event is not None:
            step = event.resource_pre_event.metadata
            if (doing := _DOING.get(_text(step.op))) and self._is_for_real(step):
                tell("progress", f"{doing} {_kind(step)} {_object(step)}")
        elif event.res_outputs_event is not None:
            self._report(event.res_outputs_event.metadata)

    def _report(self, step: Any) -> None:
        """A resource that was, or would be, changed."""
        action = _text(step.op)
        if action not in _DONE or step.type.startswith(_PLUMBING):
            return
        if self._is_for_real(step):
            tell("progress", f"{_DONE[action]} {_kind(step)} {_object(step)}")
        fields = sorted(step.detailed_diff or {}) if action != "create" else []
        name = step.urn.rpartition("::")[2]
        parts = {"kind": _kind(step), "name": name, "object": _object(step), "fields": fields}
        tell("change", {"action": action, **parts})

    def _is_for_real(self, step: Any) -> bool:
        changing = self._request["operation"] in ("up", "destroy")
        return changing and not step.type.startswith(_PLUMBING)

    def _diagnose(self, diagnostic: Any) -> None:
        text = diagnostic.message.strip()
        if diagnostic.severity == "error":
            where = (diagnostic.urn or "").rpartition("::")[2]
            is_about_one = where and not where.endswith(f"-{self._request['stack']}")
            self._problems.append(f"{where}: {text}" if is_about_one else text)
        elif diagnostic.severity in ("warning", "info") and text not in self._said:
            self._said.add(text)
            if not text.startswith(_KNOWN_WARNING):
                prefix = "warning: " if diagnostic.severity == "warning" else ""
                tell("progress", prefix + text)

    def what_went_wrong(self, words_of_the_engine: str) -> list[str]:
        """The messages that say why; the engine's last words when there are none."""
        if self._program_error:
            return [self._program_error]
        problems = [each for each in self._problems if not each.endswith(" failed")]
        return problems or self._problems or words_of_the_engine.strip().splitlines()[-5:]


def _place_of(error: BaseException, program: str) -> str:
    """An exception in one line, with the last place in the program."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(program)]
    where = f"{own[-1].filename}:{own[-1].lineno}: " if own else ""
    return f"{where}{type(error).__name__}: {error}"


def _plain(outputs: Any) -> dict[str, Any]:
    return {name: output.value for name, output in sorted(outputs.items())}


def _text(op: Any) -> str:
    return str(getattr(op, "value", op))


def _kind(step: Any) -> str:
    return str(step.type).rpartition(":")[2]


def _object(step: Any) -> str:
    """`namespace/name` of the object, or Pulumi's name where it has none yet."""
    state = step.new or step.old
    metadata = ((state.inputs if state else None) or {}).get("metadata") or {}
    parts = [metadata.get("namespace"), metadata.get("name")]
    return "/".join(part for part in parts if part) or step.urn.rpartition("::")[2]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
