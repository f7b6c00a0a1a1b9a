"""One container: from its image to running, to its end, to the next start.

    waiting (ContainerCreating) -> running -> terminated -> waiting (CrashLoopBackOff) -> running
    waiting (ContainerCreating) -> ErrImagePull -> ImagePullBackOff -> ErrImagePull -> ...

A container is a state machine that is asked to `advance` to an instant and says when it wants to be
asked again. The first restart comes a second after the end; the next ones wait 10, 20, 40 .. 300
seconds, and start over once a container has run for ten minutes. The same waits apply to pulls of
an image that is missing. (Pod lifecycle, "Container restart policy".)

What the container does while it runs is an `Execution`: data, or a program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from harness.apiserver.requests import Object

from .behaviours import PodBehaviour

BACK_OFF_SECONDS = 10.0
BACK_OFF_SECONDS_MAX = 300.0
BACK_OFF_RESET_SECONDS = 600.0
RESTART_SECONDS = 1.0  # the end is reported before the next start, as recorded from a kubelet
PULL_ERROR_SECONDS = 1.0  # from ErrImagePull to ImagePullBackOff, as recorded from a kubelet
KILLED = 137

Tell = Callable[[Literal["Normal", "Warning"], str, str], None]


class Execution(Protocol):
    """What runs in a container."""

    def ended(self, now: float) -> int | None:
        """The exit code if it has ended by itself."""

    def ends_at(self) -> float | None:
        """When it will end by itself, if that is known; others call back."""

    def is_ready(self, now: float) -> bool:
        """Whether readiness holds."""

    def ready_at(self, now: float) -> float | None:
        """When readiness may change, if that is known; others call back."""

    def terminate(self, now: float) -> None:
        """SIGTERM."""

    def kill(self) -> None:
        """SIGKILL; also frees what it holds."""


@dataclass
class Container:
    """A container of a pod on this node. Instants are monotonic seconds, `stamp` writes them.

    Attributes:
        spec: The container's part of the pod spec.
        restarts: `Always`, `OnFailure` or `Never`.
        identify: From the restart count to a container id.
        execute: Starts what runs in it.
        behaviour: How it behaves now.
        pod_label: `NAME_NAMESPACE(UID)`, as messages name the pod.
        tell: Emits an Event about it.
        stamp: From now to a timestamp.
    """

    spec: Object
    restarts: str
    identify: Callable[[int], str]
    execute: Callable[[Container, float], Execution]
    behaviour: Callable[[], PodBehaviour]
    pod_label: str
    tell: Tell
    stamp: Callable[[], str]
    is_pulled: Callable[[], bool] = lambda: False

    restart_count: int = 0
    state: dict[str, Any] = field(
        default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}}
    )
    last_state: dict[str, Any] = field(default_factory=dict)
    execution: Execution | None = None
    container_id: str = ""
    stopped: bool = False  # no more starts: the pod is being terminated
    begun: bool = False
    _due: float | None = None  # when the waiting ends
    _kill_at: float | None = None
    _started: float = 0.0
    _back_off: float = 0.0
    _pull_back_off: float = 0.0

    @property
    def name(self) -> str:
        """The container's name."""
        name: str = self.spec["name"]
        return name

    @property
    def is_running(self) -> bool:
        """Whether it runs now."""
        return self.execution is not None

    @property
    def is_over(self) -> bool:
        """Whether it has ended and will not start again."""
        return "terminated" in self.state and self._due is None

    @property
    def exit_code(self) -> int | None:
        """What it ended with, if it has."""
        terminated = self.state.get("terminated")
        return None if terminated is None else int(terminated["exitCode"])

    def ready(self, now: float) -> bool:
        """Whether it runs and is ready; a behaviour that is never ready holds for programs too."""
        if self.execution is None or self.behaviour().ready_after_seconds is None:
            return False
        return self.execution.is_ready(now)

    def begin(self, now: float) -> None:
        """Pull the image and start."""
        self.begun = True
        image = self.spec["image"]
        if not self.is_pulled():
            self.tell("Normal", "Pulling", f'Pulling image "{image}"')
        self._due = now + self.behaviour().start_seconds

    def advance(self, now: float) -> None:
        """Let everything happen that is due."""
        if self.execution is not None:
            self._check_end(now)
        while self._due is not None and self._due <= now and not self.stopped:
            self._wait_is_over(now)

    def next_change(self, now: float) -> float | None:
        """When to be asked again, if anything is going to happen by itself."""
        wanted = [self._due, self._kill_at]
        if self.execution is not None:
            wanted += [self.execution.ends_at(), self.execution.ready_at(now)]
        given = [moment for moment in wanted if moment is not None]
        return min(given) if given else None

    def stop(self, now: float, grace_seconds: float) -> None:
        """Terminate it, gracefully at first, and never start it again."""
        self.stopped = True
        self._due = None
        if self.execution is not None and self._kill_at is None:
            self.tell("Normal", "Killing", f"Stopping container {self.name}")
            self._terminate(now, grace_seconds)

    def restart(self, now: float, grace_seconds: float, message: str) -> None:
        """End it because a probe says so; the restart policy decides what follows."""
        if self.execution is not None and self._kill_at is None:
            self.tell("Normal", "Killing", message)
            self._terminate(now, grace_seconds)

    def kill(self, now: float, code: int = KILLED) -> None:
        """End it at this instant, as the kernel does when memory is out."""
        if self.execution is not None:
            self.execution.kill()
            self._ended(now, code)

    def discard(self) -> None:
        """Free what runs; the pod is gone."""
        if self.execution is not None:
            self.execution.kill()
            self.execution = None

    # Steps

    def _terminate(self, now: float, grace_seconds: float) -> None:
        assert self.execution is not None, "only what runs is terminated"
        self._kill_at = now + grace_seconds
        self.execution.terminate(now)

    def _check_end(self, now: float) -> None:
        assert self.execution is not None, "only what runs can end"
        code = self.execution.ended(now)
        if code is None and self._kill_at is not None and self._kill_at <= now:
            self.execution.kill()
            code = KILLED
        if code is not None:
            self.execution.kill()
            self._ended(now, code)

    def _ended(self, now: float, code: int) -> None:
        ran = now - self._started
        started = self.state["running"]["startedAt"]
        self.execution = self._kill_at = None
        self.state = {
            "terminated": {
                "exitCode": code,
                "reason": "Completed" if code == 0 else "Error",
                "startedAt": started,
                "finishedAt": self.stamp(),
                "containerID": self.container_id,
            }
        }
        if self.stopped or not self._restarts_after(code):
            return
        if ran >= BACK_OFF_RESET_SECONDS:
            self._back_off = 0.0
        self._due = now + max(self._back_off, RESTART_SECONDS)

    def _restarts_after(self, code: int) -> bool:
        return self.restarts == "Always" or (self.restarts == "OnFailure" and code != 0)

    def _wait_is_over(self, now: float) -> None:
        waiting = self.state.get("waiting", {}).get("reason")
        if waiting == "ErrImagePull":
            self._back_off_pull(now)
        elif not self.behaviour().image_exists:
            self._fail_pull(now)
        else:
            self._start(now)

    def _start(self, now: float) -> None:
        image = self.spec["image"]
        if self.is_pulled():
            text = f'Container image "{image}" already present on machine and can be accessed by '
            self.tell("Normal", "Pulled", text + "the pod")
        else:
            took = f"{self.behaviour().start_seconds:g}s"
            self.tell(
                "Normal",
                "Pulled",
                f'Successfully pulled image "{image}" in {took} ({took} including waiting). '
                "Image size: 1000000 bytes.",
            )
        if "terminated" in self.state or self.last_state:
            self._count_restart()
        self._pull_back_off = 0.0
        self._due = None
        self._started = now
        self.container_id = self.identify(self.restart_count)
        self.tell("Normal", "Created", "Container created")
        self.tell("Normal", "Started", "Container started")
        self.state = {"running": {"startedAt": self.stamp()}}
        self.execution = self.execute(self, now)
        self._check_end(now)

    def _count_restart(self) -> None:
        self.restart_count += 1
        if "terminated" in self.state:
            self.last_state = self.state
        grown = self._back_off * 2 if self._back_off else BACK_OFF_SECONDS
        self._back_off = min(grown, BACK_OFF_SECONDS_MAX)

    def report_back_off(self) -> None:
        """Turn `terminated` into `waiting: CrashLoopBackOff`, once the end has been reported."""
        if "terminated" not in self.state or self._due is None or not self._back_off:
            return
        self.last_state = self.state
        text = f"restarting failed container={self.name} pod={self.pod_label}"
        wait = _go_duration(self._back_off)
        self.state = {
            "waiting": {"reason": "CrashLoopBackOff", "message": f"back-off {wait} {text}"}
        }
        message = f"Back-off restarting failed container {self.name} in pod {self.pod_label}"
        self.tell("Warning", "BackOff", message)

    def _fail_pull(self, now: float) -> None:
        image, why = self.spec["image"], self._pull_failure()
        if self.state["waiting"]["reason"] == "ImagePullBackOff":
            self.tell("Normal", "Pulling", f'Pulling image "{image}"')
        self.tell("Warning", "Failed", f'Failed to pull image "{image}": {why}')
        self.tell("Warning", "Failed", "Error: ErrImagePull")
        self.state = {"waiting": {"reason": "ErrImagePull", "message": why}}
        self._due = now + PULL_ERROR_SECONDS

    def _back_off_pull(self, now: float) -> None:
        image = self.spec["image"]
        grown = self._pull_back_off * 2 if self._pull_back_off else BACK_OFF_SECONDS
        self._pull_back_off = min(grown, BACK_OFF_SECONDS_MAX)
        self.tell("Normal", "BackOff", f'Back-off pulling image "{image}"')
        self.tell("Warning", "Failed", "Error: ImagePullBackOff")
        message = f'Back-off pulling image "{image}": ErrImagePull: {self._pull_failure()}'
        self.state = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
        self._due = now + self._pull_back_off - PULL_ERROR_SECONDS

    def _pull_failure(self) -> str:
        image = self.spec["image"]
        return (
            f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '
            f"{image}: not found"
        )


def _go_duration(seconds: float) -> str:
    """`10s`, `2m40s`, `5m0s`, as Go prints durations."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
