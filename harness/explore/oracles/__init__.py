"""What is wrong with an operator, judged at rest without anybody having written claims.

Each oracle is a file: what it demands, why that cannot be wrong, and when it can. A false alarm
costs more than a miss, so each asks only for what holds for any operator that reconciles.
"""

from .oracle import Oracle, oracle_types

ALL: tuple[str, ...] = tuple(oracle_types())

__all__ = ["ALL", "Oracle", "oracle_types"]
