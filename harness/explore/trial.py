"""One trial: a cluster, an operator, operations one after another, judged whenever it is at rest.

    cluster > manifests > operator > [operation (with faults) > rest > oracles] ... > the end
                                                                      fresh clusters > outcome

A trial of a kopf module runs on virtual time: the same (target, operations, seed) gives the same
outcome in any process that has the harness's hash seed, and in a copy of a process in which the
operator was started before (`forking`). A command meets the same cluster in real time. The end is
where nothing is expected to happen any more; what takes looking on, acting or
another cluster is judged there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from harness.errors import SimulationError

from .footprint import footprint
from .injecting import Faults
from .operations import Advance, Crash, Create, Inject, Operation
from .oracles import ALL
from .oracles.oracle import Oracle, chosen
from .outcome import Finding, OperationFact, Outcome
from .references import Reference, References, Specs
from .rest import PATIENCE, Patience, until_rest
from .scene import Scene
from .stage import Stage, settle
from .states import in_words
from .target import Target

#: In the second variant of a reference the operator starts again so much later.
_LATER_SECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One trial of a target.

    Args:
        operations: In order; `Inject` acts during the operation that follows it.
        seed: Of the simulation: interleavings, names, choices.
        oracles: By name; see `oracles.ALL`.
    """

    operations: tuple[Operation, ...] = ()
    seed: int = 0
    oracles: tuple[str, ...] = ALL


def run_trial(
    target: Target,
    operations: Sequence[Operation],
    *,
    seed: int = 0,
    oracles: Collection[str] = ALL,
    patience: Patience = PATIENCE,
    watchdog_seconds: float = 30.0,
) -> Outcome:
    """Carry operations out on a fresh cluster and judge the operator.

    Args:
        target: The operator and its kind.
        operations: See `Asked`.
        seed: See there.
        oracles: See there.
        patience: How long things may take.
        watchdog_seconds: Real seconds that one callback may take; 0 for no limit.
    """
    trial = Trial(target, Asked(tuple(operations), seed, tuple(oracles)))
    stage = Stage(target, seed, patience, REFERENCES, watchdog_seconds=watchdog_seconds)
    try:
        stage.play(trial.body, trial.prepare)
    except SimulationError as error:
        trial.cannot_go_on(error)
    return trial.judged()


class Trial:
    """One trial and what is known of it so far."""

    def __init__(self, target: Target, asked: Asked) -> None:
        self._target = target
        self._oracles: list[Oracle] = []
        self._scene: Scene | None = None
        self.ask(asked)

    def ask(self, asked: Asked) -> None:
        """What is to be done, or to be done instead with oracles that have begun already."""
        self.outcome = Outcome(asked.operations, asked.seed)
        begun = {oracle.name: oracle for oracle in self._oracles}
        self._oracles = [begun.get(each.name, each) for each in chosen(asked.oracles)]

    def prepare(self, scene: Scene) -> None:
        """The operator is about to start."""
        self._scene = scene
        for oracle in self._oracles:
            oracle.begin(scene)

    def judged(self) -> Outcome:
        """What came of it, with what is judged afterwards."""
        scene = self._scene
        if scene is None:
            return self.outcome
        if not self.outcome.findings:
            for oracle in self._oracles:
                self._find(oracle.afterwards(scene))
        return self.outcome

    async def body(self, scene: Scene) -> None:
        """All operations, on the stage at rest."""
        scene.cluster.entropy.turn(self.outcome.seed)
        await self._operations(scene)
        self._sum_up(scene)  # how a cluster ends is no part of the trial

    def _sum_up(self, scene: Scene) -> None:
        self.outcome.journal_hash = scene.witness.fingerprint
        self.outcome.log = scene.witness.log.lines()

    async def _operations(self, scene: Scene) -> None:
        self._judge(scene)
        faults = Faults(scene.cluster, scene.target, scene.witness)
        injects: list[Inject] = []
        for index, operation in enumerate(self.outcome.operations):
            scene.index, scene.operation = index, operation
            if isinstance(operation, Inject):
                injects.append(operation)
                self.outcome.facts.append(OperationFact(answer="skipped", message="with the next"))
                continue
            await self._operate(scene, faults, injects)
            self._judge(scene)
            injects = []
            if not scene.fact.at_rest:  # nothing that is judged at rest can be judged any more
                return
        await self._end(scene)

    async def _operate(self, scene: Scene, faults: Faults, injects: Sequence[Inject]) -> None:
        """One operation until the cluster is at rest."""
        witness, clock = scene.witness, scene.cluster.clock
        writes, requests, started = witness.subject_writes, witness.requests, clock.monotonic()
        faults.begin(injects)
        scene.fact = fact = await scene.hands.act(scene.operation)
        self.outcome.facts.append(fact)
        scene.faulted = bool(injects) or isinstance(scene.operation, Crash)
        patience = scene.patience
        fact.at_rest = await until_rest(clock, witness, patience, busy=lambda: faults.active)
        if injects:
            fact.faults = await faults.end()
            # Whoever met the faults may try again only after a while.
            fact.at_rest = await until_rest(clock, witness, patience.after_faults())
        fact.seconds = clock.monotonic() - started
        fact.writes = witness.subject_writes - writes
        fact.requests = witness.requests - requests
        fact.state = self._state(scene)

    def _state(self, scene: Scene) -> str:
        document = scene.hands.live(getattr(scene.operation, "name", ""))
        return in_words(document, scene.family(document) if document is not None else [])

    async def _end(self, scene: Scene) -> None:
        scene.operation = Advance(0.0)
        scene.fact = OperationFact(at_rest=await settle(scene))
        for oracle in self._oracles:
            self._find(await oracle.at_end(scene))

    def _judge(self, scene: Scene) -> None:
        for oracle in self._oracles:
            self._find(oracle.at_rest(scene))

    def _find(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.outcome.find(finding)

    def cannot_go_on(self, error: SimulationError) -> None:
        """The operator spins or blocks: it has stopped the time of the cluster."""
        index = self._scene.index if self._scene is not None else -1
        kind = type(error).__name__
        headline = f"the operator stops the time of the cluster ({kind}): {error}"
        self.outcome.find(Finding("no-crash", headline, index, f"no-crash|{kind}"))
        if self._scene is not None:
            self._sum_up(self._scene)


async def play_reference(scene: Scene, specs: Specs, variant: int) -> Reference:
    """Create these specs and nothing else, on the stage at rest.

    Args:
        scene: Of a fresh cluster.
        specs: By the objects' names.
        variant: Not 0: by another operator's process, with another chance, at another time.
    """
    if variant:
        scene.cluster.entropy.turn(variant)
        await scene.hands.act(Crash(_LATER_SECONDS))
        await until_rest(scene.cluster.clock, scene.witness, scene.patience)
    facts = [await scene.hands.act(Create(name, spec)) for name, spec in specs.items()]
    rests = await settle(scene)
    refused = scene.witness.refusals > 0 or any(fact.answer != "accepted" for fact in facts)
    return Reference(footprint(scene), scene.why_unhealthy(), refused, rests)


def _make_reference(target: Target, specs: Specs, variant: int) -> Reference:
    """A fresh cluster in which only these specs are created."""
    stage = Stage(target, variant, PATIENCE, REFERENCES)
    try:
        return stage.play(lambda scene: play_reference(scene, specs, variant))
    except SimulationError:
        return RESTLESS


#: Of a cluster whose time cannot go on.
RESTLESS = Reference({}, "", refused=False, rests=False)
#: The references of this process.
REFERENCES = References(_make_reference)
