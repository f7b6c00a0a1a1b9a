"""The scenario format as models: what a file may say, and its JSON Schema.

The faults and claims that exist come from their registries, entry points of users included, so
the format, its errors and its schema always know exactly what can be run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, create_model, model_validator

from harness.faults.registry import Fault, fault_types
from harness.oracle.claims import Claim
from harness.oracle.quiet import Quiet, RequestBounds
from harness.oracle.rules import RuleName
from harness.vocabulary import Capability, Duration, StrictModel, camel

from .actions import Action
from .timing import FaultTiming

API_VERSION: Literal["harness.dev/v1alpha1"] = "harness.dev/v1alpha1"


class FaultEntry(FaultTiming):
    """A fault of a step: its name and time, and one key that says what it does."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in _FAULT_FIELDS if name in self.model_fields_set]
        if len(given) != 1:
            known = ", ".join(sorted(camel(name) for name in _FAULT_FIELDS))
            what = f"has {' and '.join(map(camel, given))}" if given else "says nothing to do"
            raise ValueError(f"fault {self.name!r} {what}; write exactly one of {known}")
        return self

    @property
    def type(self) -> str:
        """`deleteObject`, `apiError`, ..."""
        return next(camel(name) for name in _FAULT_FIELDS if name in self.model_fields_set)

    @property
    def fault(self) -> Fault:
        """The fault itself."""
        chosen: Fault = next(
            getattr(self, name) for name in _FAULT_FIELDS if name in self.model_fields_set
        )
        return chosen


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


_FAULT_FIELDS: dict[str, Any] = {
    _snake(name): (model | None, Field(default=None, description=model.__doc__))
    for name, model in sorted(fault_types().items())
}
if TYPE_CHECKING:
    AnyFault = FaultEntry
else:
    AnyFault = create_model("FaultEntry", __base__=FaultEntry, **_FAULT_FIELDS)


class Expect(StrictModel):
    """What must become true, by when, and for how long it must stay."""

    within: Duration
    """D: the time by which the last convergence must have happened."""
    from_: Literal["firstFault", "eachFault", "lastFaultEnd"] = "lastFaultEnd"
    """From when D counts; without faults from the end of `do`."""
    stable_for: Duration = 0.0
    """S: how long everything must hold after that."""
    all: list[Claim] = []
    """Each of these."""
    any: list[Claim] = []
    """At least one of these."""
    none: list[Claim] = []
    """None of these."""
    quiet: Quiet | None = None
    """How few writes the subject makes while stable."""
    requests: RequestBounds | None = None
    """How many requests of any kind the subject makes from the step's start to its end."""
    no_exceptions: bool = False
    """No exception goes through the subject's own code, as far as its log tells, from the step's
    start to its end; those that tell of the API do not count."""
    idempotent: bool = False
    """At the end the operator is restarted, which must change nothing within half a minute."""
    like_reference: bool = False
    """The end state equals that of the same run without faults (spec faults stay)."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        claims = self.all or self.any or self.none
        if not (claims or self.like_reference or self.no_exceptions):
            raise ValueError("expect has no claim; write all, any, none or likeReference")
        if self.quiet is not None and not self.stable_for:
            raise ValueError("quiet is judged during stableFor; write stableFor as well")
        return self


class Step(StrictModel):
    """One step: act, break, expect."""

    name: str = Field(min_length=1)
    """What happens, in a few words."""
    do: list[Action] = []
    """Acts, in order."""
    faults: list[AnyFault] = []
    """Armed when `do` is done; `at` and occurrences count from there."""
    expect: Expect | None = None
    """Ends the step."""


class Invariant(StrictModel):
    """A claim about every state from the end of the first step on."""

    name: str
    """How the verdict calls it."""
    always: Claim | None = None
    """Must hold at each instant; a missing object is false."""
    never: Claim | None = None
    """Must hold at no instant; a missing object is no violation."""
    grace: Duration = 0.0
    """The longest unbroken violation that is tolerated."""

    @model_validator(mode="after")
    def _one_claim(self) -> Self:
        if (self.always is None) == (self.never is None):
            raise ValueError(f"invariant {self.name!r} needs exactly one of always and never")
        return self


class Timeouts(StrictModel):
    """Bounds on time."""

    total: Duration = 600.0
    """The whole case."""


class BlastRadius(StrictModel):
    """How much the faults may touch at once."""

    max_objects: int = Field(default=20, ge=1)
    """Objects that one injection may select."""


class Metadata(StrictModel):
    """Name and labels of the scenario."""

    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
    """Unique among the scenarios that run together."""
    labels: dict[str, str] = {}
    """For choosing scenarios with `--label`."""
    annotations: dict[str, str] = {}
    """Free notes."""


class Spec(StrictModel):
    """What the scenario proves and how."""

    description: str = Field(min_length=1)
    """What it proves, in one sentence."""
    seed: int | None = None
    """Omitted: drawn, and always printed."""
    bindings: dict[str, Any] = {}
    """Names to put in for `$(name)`."""
    matrix: dict[str, list[Any]] = {}
    """Lists; one case for each combination."""
    timeouts: Timeouts = Timeouts()
    """Bounds on time."""
    objects: dict[str, str] = {}
    """Names for objects, used in expressions and selections: `service: AIService/$(name)`."""
    requires: list[Capability] = []
    """What the cluster must be able to do: a node can be lost and others take over (`nodes`),
    containers can be killed and frozen (`containers`), claims get volumes (`volumes`) and can grow
    (`expansion`), images really run (`programs`), Services get addresses from outside
    (`loadBalancers`), the operator can be given a wrong clock (`clock`). A cluster that cannot
    skips the scenario."""
    steps: list[Step] = Field(min_length=1)
    """In order."""
    invariants: list[Invariant] = []
    """Hold at every state."""
    blast_radius: BlastRadius = BlastRadius()
    """How much the faults may touch at once."""
    disabled_oracles: list[Literal["crashes", "leaks"] | RuleName] = []
    """Oracles that are on by default, switched off by name."""


class Scenario(StrictModel):
    """A scenario file."""

    api_version: Literal["harness.dev/v1alpha1"] = API_VERSION
    kind: Literal["Scenario"] = "Scenario"
    metadata: Metadata
    spec: Spec


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file, for editors (`harness schema`)."""
    schema = Scenario.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "operator-harness scenario"
    return schema
