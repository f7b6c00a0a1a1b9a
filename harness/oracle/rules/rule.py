"""What a rule is: fed with all records, it says what is wrong with one."""

from __future__ import annotations

from typing import Protocol

from harness.clusters.state import ClusterState, Key
from harness.simulation.records import Record


class Rule(Protocol):
    """One oracle over the records of a run."""

    def take(self, record: Record, key: Key | None, state: ClusterState) -> str:
        """What is wrong, for people; empty for nothing.

        Args:
            record: The record, in the order of the journal.
            key: The object that it changed; None for other records.
            state: The state, with this record already taken in.
        """
