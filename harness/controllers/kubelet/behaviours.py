"""Pods as data: what the containers of a pod do, without running anything.

A `PodBehaviour` says when a container has started, when it is ready, when it ends and how it takes
SIGTERM. Which one applies is decided by rules, the latest one first: a glob on the image, labels,
the pod's name or namespace. A pod may also name a preset itself, by annotation; that comes before
all rules but those added while running (faults).

Known without any rule: an image from a registry `*.invalid` does not exist (RFC 2606), so the same
manifest fails on a real cluster as well. Of whom no rule speaks: what runs only once (pods of Jobs,
init containers) ends well, all others run.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from harness.apiserver.requests import Object
from harness.errors import UsageError

from ..objects import annotations_of, is_kept_running, labels_of, name_of, namespace_of

#: Annotation by which a pod asks for a preset: `runs`, `never-ready`, `crashes`, `missing-image`,
#: `exits:CODE`.
ANNOTATION = "harness.dev/pod-behaviour"


@dataclass(frozen=True)
class PodBehaviour:
    """What a container does. Seconds are virtual.

    Attributes:
        start_seconds: From admission (or the end of a back-off) to running, pull included.
        image_exists: Whether the image can be pulled.
        ready_after_seconds: From running to ready, None for never; a readiness probe of the pod
            is answered accordingly.
        exit_after_seconds: From running to its own end, None for never.
        exit_code: What it ends with.
        stop_seconds: From SIGTERM to its end (exit code 0, in pods that run only once 143), None
            when it ignores the signal (then it is killed when the grace period is over, with exit
            code 137).
    """

    start_seconds: float = 2.0
    image_exists: bool = True
    ready_after_seconds: float | None = 0.0
    exit_after_seconds: float | None = None
    exit_code: int = 0
    stop_seconds: float | None = 0.5


RUNS = PodBehaviour()
NEVER_READY = PodBehaviour(ready_after_seconds=None)
CRASHES = PodBehaviour(exit_after_seconds=5.0, exit_code=1)
MISSING_IMAGE = PodBehaviour(image_exists=False)
#: What a pod does that runs only once, such as that of a Job: its work, and it ends well.
COMPLETES = PodBehaviour(exit_after_seconds=1.0)


def exits(code: int, *, after_seconds: float = 0.0) -> PodBehaviour:
    """A container that ends with `code`."""
    return PodBehaviour(exit_after_seconds=after_seconds, exit_code=code)


@dataclass(frozen=True)
class PodSelector:
    """Which containers a rule is for; what is left out selects everything.

    Attributes:
        image: Glob on the container's image.
        namespace: Name of the namespace.
        name: Glob on the pod's name.
        container: Glob on the container's name.
        labels: Labels that the pod must have.
    """

    image: str = "*"
    namespace: str = ""
    name: str = "*"
    container: str = "*"
    labels: Mapping[str, str] = field(default_factory=dict)

    def selects(self, pod: Object, container: Object) -> bool:
        """Whether a container of a pod is meant."""
        return (
            fnmatch.fnmatchcase(container.get("image", ""), self.image)
            and self.namespace in ("", namespace_of(pod))
            and fnmatch.fnmatchcase(name_of(pod), self.name)
            and fnmatch.fnmatchcase(container["name"], self.container)
            and self.labels.items() <= labels_of(pod).items()
        )


@dataclass(frozen=True)
class BehaviourRule:
    """A selector and the behaviour of what it selects."""

    selector: PodSelector
    behaviour: PodBehaviour


BUILT_IN = (BehaviourRule(PodSelector(image="*.invalid/*"), MISSING_IMAGE),)


class Behaviours:
    """The rules of a cluster.

    Args:
        rules: From the cluster's settings; the first that selects wins.
    """

    def __init__(self, rules: Iterable[BehaviourRule] = ()) -> None:
        self._rules = [*rules, *BUILT_IN]
        self._overrides: list[BehaviourRule] = []
        self.listeners: list[Callable[[], None]] = []

    def behave(self, selector: PodSelector, behaviour: PodBehaviour) -> Callable[[], None]:
        """Let what `selector` selects behave so from now on; returns the function that undoes it.

        Running containers follow at once where they can: readiness changes, an end that lies in
        the past happens now. What an image is worth is seen at the next start.
        """
        rule = BehaviourRule(selector, behaviour)
        self._overrides.insert(0, rule)
        self._changed()

        def undo() -> None:
            if any(known is rule for known in self._overrides):
                self._overrides = [known for known in self._overrides if known is not rule]
                self._changed()

        return undo

    def of(self, pod: Object, container: Object) -> PodBehaviour | None:
        """How one container behaves now; None when nothing speaks of it."""
        for rule in self._overrides:
            if rule.selector.selects(pod, container):
                return rule.behaviour
        asked = annotations_of(pod).get(ANNOTATION)
        if asked:
            return preset(asked)
        for rule in self._rules:
            if rule.selector.selects(pod, container):
                return rule.behaviour
        return None

    def _changed(self) -> None:
        for listener in self.listeners:
            listener()


def preset(text: str) -> PodBehaviour:
    """The behaviour that an annotation asks for.

    Raises:
        UsageError: There is no such preset.
    """
    name, _, argument = text.partition(":")
    known = {
        "runs": RUNS,
        "never-ready": NEVER_READY,
        "crashes": CRASHES,
        "missing-image": MISSING_IMAGE,
    }
    if name == "exits":
        return exits(int(argument or 0))
    if name not in known:
        choices = ", ".join([*known, "exits:CODE"])
        raise UsageError(f"{ANNOTATION}: {text!r} is no pod behaviour; write one of {choices}.")
    return known[name]


def by_default(pod: Object, container: Object) -> PodBehaviour:
    """How a container behaves of which nothing speaks: it ends where it is not started again."""
    once = container.get("restartPolicy") != "Always" and not is_kept_running(pod)
    return COMPLETES if once else RUNS


def as_init_container(behaviour: PodBehaviour) -> PodBehaviour:
    """An init container without an end of its own ends well at once: others wait for it."""
    if behaviour.exit_after_seconds is None:
        return replace(behaviour, exit_after_seconds=0.0)
    return behaviour
