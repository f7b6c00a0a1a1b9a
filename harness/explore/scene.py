"""What oracles look at: one trial at rest, after one operation.

Everything comes from the records. Looking is cheap, and what several oracles need is worked out
once for each state: the cluster has a resourceVersion, so a state has a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.apiserver.requests import Object
from harness.clusters.cluster import Cluster, Subject
from harness.clusters.state import Key, is_terminating
from harness.oracle.explain import explanation
from harness.oracle.view import Judgement

from .acting import Hands
from .demands import Demand
from .features import stable_role
from .operations import Advance, Operation
from .outcome import Finding, OperationFact
from .references import References
from .rest import Patience
from .states import why_unhealthy
from .target import Target
from .witness import Witness

Family = list[tuple[Key, Object]]


@dataclass(slots=True)
class Scene:
    """A trial at rest.

    Args:
        target: What is under test.
        cluster: Where it runs.
        hands: What was asked for.
        witness: What happened.
        patience: How long things may take.
        references: Fresh clusters to compare with.
        index: Of the operation; -1 before the first.
        operation: The last one.
        fact: What is known of it.
        faulted: Whether faults acted during it, or the operator was crashed.
    """

    target: Target
    cluster: Cluster
    hands: Hands
    witness: Witness
    patience: Patience
    references: References
    index: int = -1
    operation: Operation = field(default_factory=lambda: Advance(0.0))
    fact: OperationFact = field(default_factory=OperationFact)
    faulted: bool = False
    _families: dict[str, tuple[int, Family]] = field(default_factory=dict)

    def objects(self) -> list[tuple[str, Object]]:
        """The objects of the kind that exist, by name."""
        found = self.witness.state.objects(self.target.resource.kind)
        group = self.target.resource.group
        return [(key.name, document) for key, document in found if key.group == group]

    def family(self, document: Object) -> Family:
        """All that an object owns, directly or through others, sorted by key."""
        uid, rv = document["metadata"]["uid"], self.witness.state.rv
        known = self._families.get(uid)
        if known is None or known[0] != rv:
            known = self._families[uid] = rv, self.witness.descendants(uid)
        return known[1]

    def why_unhealthy(self) -> str:
        """What is not well with any object or its children; empty when all are."""
        reasons = (why_unhealthy(one, self.family(one)) for _, one in self.objects())
        return next(filter(None, reasons), "")

    def finding(
        self,
        oracle: str,
        headline: str,
        *features: str,
        about: Iterable[Key] = (),
        demand: Demand | None = None,
    ) -> Finding:
        """A finding of an oracle, with what explains it: who wrote last, and what was logged.

        Args:
            oracle: Its name.
            headline: What is wrong, in one line.
            features: What makes its like, without names, numbers and times.
            about: The objects that it is about.
            demand: What a right operator would fulfil, for a scenario.
        """
        miss = Judgement(False, headline, tuple(about))
        state, log = self.witness.state, self.witness.log.lines()
        message = explanation(headline, miss, state=state, log=log)
        return Finding(oracle, message, self.index, "|".join([oracle, *features]), demand)

    def role(self, key: Key) -> str:
        """Kind and name of an object for a finding's key, without what differs between trials."""
        return stable_role(self, str(key))

    def can_be_compared(self) -> bool:
        """Whether what is there is an end: at rest, with an operator, and nothing terminating."""
        running = all(getattr(subject, "running", True) for subject in self.subjects())
        objects = [document for _, document in self.objects()]
        known = [name for name, _ in self.objects()] == sorted(self.hands.specs)
        return self.fact.at_rest and running and known and not any(map(is_terminating, objects))

    def subjects(self) -> list[Subject]:
        """The operators under test."""
        return list(self.cluster.subjects.values())

    def final_specs(self) -> dict[str, Object]:
        """What each object was asked for last; as it stands, where a fault wrote it."""
        return {name: self._final_spec(name) for name, _ in self.objects()}

    def _final_spec(self, name: str) -> Object:
        history = self.witness.state.history(self.hands.key(name))
        if any(version.by.startswith("fault:") for version in history):
            spec: Object = history[-1].object["spec"]
            return spec
        return self.hands.specs[name]
