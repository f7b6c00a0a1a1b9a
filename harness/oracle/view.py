"""What claims are judged by, and the judgement they come to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.apiserver.requests import Object
from harness.clusters.selection import Names
from harness.clusters.state import ClusterState, Key
from harness.vocabulary import StrictModel


@dataclass(slots=True)
class View:
    """One state of the cluster, and how the scenario names things in it."""

    state: ClusterState
    names: Names = field(default_factory=dict)
    namespace: str = "default"

    def named(self, name: str) -> Object | None:
        """The object that the scenario calls `name`, as it is now; terminating ones included."""
        return self.state.find(self.names[name], self.namespace)

    def key_of_named(self, name: str) -> Key | None:
        """The key of the object that the scenario calls `name`, also when it is gone by now."""
        return self.state.known_key(self.names[name], self.namespace)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a claim holds; if not, what the nearest miss is.

    `about` are the objects that it is about; `missed` are kinds of which there are too few.
    """

    holds: bool
    message: str = ""
    about: tuple[Key, ...] = ()
    missed: tuple[str, ...] = ()


HOLDS = Judgement(True)


class Judge(StrictModel):
    """Something that can be judged at a state. Users' own oracles derive from it."""

    @abstractmethod
    def judge(self, view: View) -> Judgement:
        """Whether it holds now."""


def together(judgements: Iterable[Judgement], separator: str) -> Judgement:
    """One judgement of several misses, told in their order."""
    misses = list(judgements)
    message = separator.join(judgement.message for judgement in misses)
    about = tuple(dict.fromkeys(key for judgement in misses for key in judgement.about))
    missed = tuple(dict.fromkeys(kind for judgement in misses for kind in judgement.missed))
    return Judgement(False, message, about, missed)
