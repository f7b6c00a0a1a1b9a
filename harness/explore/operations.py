"""The words of a trial: what is done to one operator's objects, in order.

Operations are plain data, so that Hypothesis can draw and shrink them, processes can send them to
each other, and a finding can be saved and played again. Each is carried out, and then the cluster
is left alone until it is at rest; `Inject` acts together with the operation that follows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from harness.apiserver.requests import Object


@dataclass(frozen=True, slots=True)
class Create:
    """A new object of the kind under test; `invalid` says why the server must refuse it."""

    name: str
    spec: Object
    invalid: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """The whole spec of an object is replaced (PUT); `invalid` as in `Create`."""

    name: str
    spec: Object
    invalid: str = ""


@dataclass(frozen=True, slots=True)
class Delete:
    """An object is deleted; `recreate` creates it anew with its last spec once it is gone."""

    name: str
    recreate: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """The replicas of an object are set through its scale subresource, as an HPA does."""

    name: str
    replicas: int


@dataclass(frozen=True, slots=True)
class DisturbChild:
    """Somebody changes a child by hand.

    `choice` picks among the object's descendants, sorted, modulo their number: it stays meaningful
    when an example is shrunk. `edit` changes a field that the operator has written, `kill` ends a
    pod at once.
    """

    name: str
    how: Literal["delete", "edit", "kill"]
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Crash:
    """The operator is killed and started again after `seconds`."""

    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Advance:
    """Virtual time passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Inject:
    """A fault, as scenario files write it, during the next operation.

    `type` is its name in scenarios, `parameters` are its fields, `delay` the virtual seconds from
    the operation to the fault, `duration` its length; None for faults that are done once.
    """

    type: str
    parameters: dict[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    duration: float | None = None


Operation = Create | Update | Scale | Delete | DisturbChild | Crash | Advance | Inject
#: Those that are about one object.
NAMED = (Create, Update, Scale, Delete, DisturbChild)
