"""What a case ended with: the verdict, why, and what is needed to do it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from harness.oracle.verdict import Verdict


@dataclass(slots=True)
class CaseResult:
    """The outcome of one case on one cluster.

    `virtual_seconds` is time on the cluster's clock, `converged_seconds` the longest time that any
    step took to converge, counted as its `expect` counts it. Wall time is measured by whoever ran
    the case, because it must not reach the journal.
    """

    case: str
    file: str
    seed: int
    verdict: Verdict
    #: The oracle or check that decided, such as `within` or `invariant one-workload-at-most`.
    oracle: str = ""
    message: str = ""
    step: str = ""
    cluster: str = "sim"
    virtual_seconds: float = 0.0
    converged_seconds: float | None = None
    wall_seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    journal_hash: str = ""
    replay: str = ""
    #: End states of steps, for a reference run to compare with (`likeReference`).
    reference: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether there is nothing to look at: Passed or Skipped."""
        return self.verdict in (Verdict.PASSED, Verdict.SKIPPED)

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the reference states."""
        document = asdict(self)
        document["verdict"] = str(self.verdict)
        del document["reference"]
        return document
