"""A Hypothesis state machine for any operator: steps are operations, invariants are the oracles.

    TestMyOperator = operator_machine(crd="crd.yaml", subject="my_operator.handlers").TestCase

The rules only write down what is to be done, against a model of which objects exist with which
spec; `teardown` then plays all of it in one trial. The world is one call with its own loop, so it
could only be run step by step with a second stack or thread. It also need not be: an example is
drawn in microseconds and played once, what Hypothesis deletes while it shrinks is never half
played, and the same steps are the same trial. The price is that no step is drawn with knowledge of
how the cluster answered the one before; the model knows enough.

A failing example prints its steps, what each oracle has found, and the line that plays it again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from harness.apiserver.requests import Object
from harness.errors import UsageError
from harness.subjects.spec import SubjectSpec

from .documents import operations_document
from .fault_pool import DEFAULT_FAULTS, check_pool, injects, weighted
from .model import Model
from .operations import (
    Advance,
    Crash,
    Create,
    Delete,
    DisturbChild,
    Operation,
    Scale,
    Update,
)
from .oracles import ALL
from .outcome import Outcome
from .rest import PATIENCE, Patience
from .saving import replay_line, save_finding, source_of
from .strategies.hints import HintsSource
from .strategies.invalid import invalid_from_crd
from .strategies.required import SearchStrategy, st
from .strategies.specs import from_crd
from .strategies.transitions import transitions
from .target import Target
from .trial import run_trial

# Hypothesis is there: `strategies.required` would have said what to install.
from hypothesis import settings  # isort: skip
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule  # isort: skip

_SECONDS = (1.0, 60.0, 700.0)
_SIZES_AT_MOST = 5
_CHOICES_AT_MOST = 15
_OUTCOMES_KEPT = 200
_PLAYED: dict[str, Outcome] = {}


class OperatorFailed(AssertionError):
    """Oracles have found something; the text tells what, and how to play it again."""


def _of(make: Callable[[OperatorMachine], SearchStrategy[Any]]) -> SearchStrategy[Any]:
    """A strategy that depends on the machine as it is now."""
    return st.runner().flatmap(make)


class OperatorMachine(RuleBasedStateMachine):
    """Objects of one kind live through changes, mistakes, losses, crashes and faults.

    Derive from it and name at least `crd` and `subject`, or a `target`; `operator_machine` does it
    in one line. `TestCase` is what pytest collects.
    """

    #: A manifest with the definition of the kind, or the definition.
    crd: ClassVar[str | Path | Object] = ""
    #: A kopf module, a `kopf run` line, or another command.
    subject: ClassVar[str | SubjectSpec] = ""
    #: Instead of both: an operator with all that it needs.
    target: ClassVar[Target | None] = None
    #: What fields mean; see `harness.strategies`.
    hints: ClassVar[HintsSource] = None
    #: The objects that may exist at a time.
    names: ClassVar[Sequence[str]] = ("a", "b")
    #: The faults that may act, and how often each does, relative to the others; empty for none.
    faults: ClassVar[Mapping[str, int]] = DEFAULT_FAULTS
    #: By name; see `harness.explore.oracles`.
    oracles: ClassVar[Collection[str]] = ALL
    patience: ClassVar[Patience] = PATIENCE
    #: Of the simulation: another seed is another interleaving of the same steps.
    seed: ClassVar[int] = 0
    #: How many steps an example has at most, unless the settings of its `TestCase` say otherwise.
    steps: ClassVar[int] = 12

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        check_pool(cls.faults)
        cls.TestCase.settings = settings(cls.TestCase.settings, stateful_step_count=cls.steps)

    def __init__(self) -> None:
        super().__init__()
        self.under_test = _target_of(type(self))
        self.model = Model(self.names)

    # -- what can be done next ------------------------------------------------------------------

    def _creations(self) -> SearchStrategy[Operation]:
        names = st.sampled_from(self.model.free)
        return st.builds(Create, names, from_crd(*self._kind, hints=self.hints))

    def _updates(self) -> SearchStrategy[Operation]:
        def update(name: str) -> SearchStrategy[Operation]:
            *earlier, spec = self.model.living[name]
            steps = transitions(
                self._kind[0], spec, self._kind[1], earlier=earlier, hints=self.hints
            )
            return steps.map(lambda step: Update(name, step.spec))

        return self._living.flatmap(update)

    def _mistakes(self) -> SearchStrategy[Operation]:
        def mistake(name: str) -> SearchStrategy[Operation]:
            had = self.model.living.get(name)
            crd, version = self._kind
            current = had[-1] if had else None
            make = Update if had else Create
            wrong = invalid_from_crd(crd, version, current=current, hints=self.hints)
            return wrong.map(lambda it: make(name, it.spec, f"{it.path}: {it.reason}"))

        return st.sampled_from(list(self.names)).flatmap(mistake)

    def _scalings(self) -> SearchStrategy[Operation]:
        return st.builds(Scale, self._living, st.integers(0, _SIZES_AT_MOST))

    def _deletions(self) -> SearchStrategy[Operation]:
        return st.builds(Delete, self._living, st.booleans())

    def _disturbances(self) -> SearchStrategy[Operation]:
        how = st.sampled_from(["delete", "edit", "kill"])
        return st.builds(DisturbChild, self._living, how, st.integers(0, _CHOICES_AT_MOST))

    @property
    def _living(self) -> SearchStrategy[str]:
        return st.sampled_from(list(self.model.living))

    @property
    def _kind(self) -> tuple[Object, str]:
        return self.under_test.crd, self.under_test.version

    def _has_free_names(self) -> bool:
        return bool(self.model.free)

    def _has_objects(self) -> bool:
        return bool(self.model.living)

    def _can_scale(self) -> bool:
        return self._has_objects() and "scale" in self.under_test.subresources

    def _has_faults(self) -> bool:
        return self._has_objects() and bool(self.faults)

    # -- rules ----------------------------------------------------------------------------------

    @precondition(_has_free_names)
    @rule(operation=_of(lambda machine: machine._creations()))
    def create(self, operation: Operation) -> None:
        """A new object."""
        self.model.add(operation)

    @precondition(_has_objects)
    @rule(operation=_of(lambda machine: machine._updates()))
    def update(self, operation: Operation) -> None:
        """The next spec of an object."""
        self.model.add(operation)

    @rule(operation=_of(lambda machine: machine._mistakes()))
    def mistake(self, operation: Operation) -> None:
        """What the API server must refuse."""
        self.model.add(operation)

    @precondition(_can_scale)
    @rule(operation=_of(lambda machine: machine._scalings()))
    def scale(self, operation: Operation) -> None:
        """Somebody sets the replicas, as an autoscaler does."""
        self.model.add(operation)

    @precondition(_has_objects)
    @rule(operation=_of(lambda machine: machine._deletions()))
    def delete(self, operation: Operation) -> None:
        """An object goes, for good or to come back."""
        self.model.add(operation)

    @precondition(_has_objects)
    @rule(operation=_of(lambda machine: machine._disturbances()))
    def disturb_child(self, operation: Operation) -> None:
        """Somebody changes or deletes a child, or kills a pod."""
        self.model.add(operation)

    @precondition(_has_objects)
    @rule(seconds=st.sampled_from([1.0, 30.0]))
    def crash(self, seconds: float) -> None:
        """The operator dies, for a moment or longer."""
        self.model.add(Crash(seconds))

    @precondition(_has_objects)
    @rule(seconds=st.sampled_from(_SECONDS))
    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.model.add(Advance(seconds))

    @precondition(_has_faults)
    @rule(operation=_of(lambda machine: weighted(machine.faults, machine.faults).flatmap(injects)))
    def inject(self, operation: Operation) -> None:
        """A fault acts during the next step."""
        self.model.add(operation)

    def teardown(self) -> None:
        """Play all steps and raise on what the oracles find."""
        if not self.model.operations:
            return
        outcome = self._play()
        if outcome.findings:
            raise _failure_of(outcome.findings[0].key)(self._told(outcome))

    def _told(self, outcome: Outcome) -> str:
        findings = "\n\n".join(f"{each.oracle}: {each.message}" for each in outcome.findings)
        source = {} if self.target is not None else source_of(self.crd, self.subject)
        file = save_finding(
            outcome.findings[0], outcome.operations, seed=outcome.seed, source=source
        )
        return f"{findings}\n\nreplay: {replay_line(file)}"

    def _play(self) -> Outcome:
        """The trial of all steps; shrinking draws the same ones again and again in other ways."""
        asked = operations_document(self.model.operations)
        key = repr((self.under_test.key, asked, self.seed, self.oracles, self.patience))
        if key not in _PLAYED:
            _PLAYED[key] = run_trial(
                self.under_test,
                self.model.operations,
                seed=self.seed,
                oracles=self.oracles,
                patience=self.patience,
            )
            while len(_PLAYED) > _OUTCOMES_KEPT:
                del _PLAYED[next(iter(_PLAYED))]
        return _PLAYED[key]


def operator_machine(
    crd: str | Path | Object = "",
    subject: str | SubjectSpec = "",
    *,
    target: Target | None = None,
    **more: Any,
) -> type[OperatorMachine]:
    """A machine for an operator; pytest collects its `TestCase`.

    Args:
        crd: A manifest with the definition of the kind, or the definition.
        subject: A kopf module, a `kopf run` line, or another command.
        target: Instead of both: an operator with all that it needs.
        more: Other attributes of `OperatorMachine`, such as `hints` or `faults`.
    """
    fields = {"crd": crd, "subject": subject, "target": target, **more}
    return type("OperatorMachine", (OperatorMachine,), fields)


@cache
def _target_of(machine: type[OperatorMachine]) -> Target:
    if machine.target is not None:
        return machine.target
    if not machine.crd or not machine.subject:
        message = "a machine needs `crd` and `subject`, or a `target`, as attributes of its class"
        raise UsageError(message)
    return Target.of(machine.crd, machine.subject)


@cache
def _failure_of(key: str) -> type[OperatorFailed]:
    """An error of its own for each kind of finding: Hypothesis shrinks each for itself."""
    return type("OperatorFailed", (OperatorFailed,), {"key": key})
