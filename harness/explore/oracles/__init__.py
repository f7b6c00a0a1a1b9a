"""What is wrong with an operator, judged at rest without anybody having written claims.

Each oracle is a file: what it demands, why that cannot be wrong, and when it can. A false alarm
costs more than a miss, so each asks only for what holds for any operator that reconciles.
"""

from ..outcome import Finding
from .oracle import Oracle, oracle_types
from .path_independence import LEFTOVER, PathIndependence

ALL: tuple[str, ...] = tuple(oracle_types())


def oracle_of(finding: Finding) -> str:
    """The oracle that a finding is of; empty where it is of none of ours."""
    name = PathIndependence.name if finding.oracle == LEFTOVER else finding.oracle
    return name if name in ALL else ""


__all__ = ["ALL", "Oracle", "oracle_of", "oracle_types"]
