"""What came of a trial: findings, and for each operation what happened. Plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .demands import Demand
from .operations import Operation
from .spec_changes import SpecChange

Answer = Literal["accepted", "refused", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong with the operator.

    Args:
        oracle: Who says so.
        message: For people; the first line stands alone.
        operation: Index of the operation after which it was seen; -1 before the first.
        key: Equal for the same fault in any trial: the oracle and stable features, such as
            roles, field paths, and where in the subject an exception came from.
        demand: What a right operator would fulfil; None where no scenario can say it.
    """

    oracle: str
    message: str
    operation: int
    key: str
    demand: Demand | None = None


@dataclass(slots=True)
class OperationFact:
    """What one operation did.

    Args:
        answer: Of the API server; an operation on what does not exist is skipped.
        status: HTTP status of that answer, 0 when nothing was asked.
        reason: Of a refusal, as `Invalid`.
        message: Of a refusal, or why it was skipped.
        seconds: Virtual time until the cluster was at rest.
        at_rest: Whether it came to rest in time.
        writes: What the operator changed meanwhile.
        requests: What the operator asked meanwhile.
        changes: Paths of the spec that were set, changed or removed.
        state: The state at rest, in few words without names and counts; see `states`.
        faults: Faults that were injected and seen to act.
        child: The child that was disturbed by hand, as `Deployment/a`.
        patch: What was changed in it, as a merge patch.
    """

    answer: Answer = "accepted"
    status: int = 0
    reason: str = ""
    message: str = ""
    seconds: float = 0.0
    at_rest: bool = True
    writes: int = 0
    requests: int = 0
    changes: tuple[SpecChange, ...] = ()
    state: str = ""
    faults: tuple[str, ...] = ()
    child: str = ""
    patch: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """Of one trial; equal for equal (target, operations, seed).

    Args:
        operations: What was asked for.
        seed: Of the simulation.
        facts: One for each operation that was begun.
        findings: In the order in which they were seen, one for each key.
        journal_hash: Of what happened, when and by whom.
        log: The operator's last lines.
    """

    operations: tuple[Operation, ...]
    seed: int
    facts: list[OperationFact] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    journal_hash: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Of the findings."""
        return [finding.key for finding in self.findings]

    def find(self, finding: Finding) -> None:
        """Add a finding, unless its like is there."""
        if finding.key not in self.keys:
            self.findings.append(finding)

    def document(self) -> dict[str, Any]:
        """As plain JSON, operations included."""
        from .documents import operations_document

        return {
            **operations_document(self.operations, seed=self.seed),
            "findings": [asdict(finding) for finding in self.findings],
            "facts": [asdict(fact) for fact in self.facts],
            "journalHash": self.journal_hash,
        }
