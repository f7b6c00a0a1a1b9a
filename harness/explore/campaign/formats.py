"""The file formats of fuzzing: `Campaign`, what to search, and `Trial`, what was found.

Both are closed: an unknown key is an error with its place and the nearest known one, as in
scenario files.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from harness.faults.registry import fault_types
from harness.scenario.model import API_VERSION
from harness.vocabulary import Duration, StrictModel, did_you_mean

from ..oracles import ALL


class Metadata(StrictModel):
    """Name and notes."""

    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
    """What the file is called in messages."""
    labels: dict[str, str] = {}
    """Free labels."""
    annotations: dict[str, str] = {}
    """Free notes."""


class TargetSource(StrictModel):
    """The operator and its kind; what is left out comes from the project's settings."""

    crd: str = ""
    """File of the CustomResourceDefinition."""
    subject: str = ""
    """A kopf module, a `kopf run` line, or another command."""
    kind: str = ""
    """The kind under test, where a project's manifests define several."""
    version: str = ""
    """The version of the kind; the storage version when empty."""
    env: dict[str, str] = {}
    """Environment of the operator, besides what its Deployment gives it."""
    fresh_modules: list[str] = []
    """Modules outside of its package that keep state, and so are imported anew at each start."""


class SpecGenerator(StrictModel):
    """How specs are drawn."""

    hints: str = ""
    """A file that says what fields mean that their schema does not tell."""
    operations_max: int = Field(default=10, ge=1, le=100)
    """The longest list of operations."""


class Budget(StrictModel):
    """When to stop; whichever comes first."""

    time: Duration | None = None
    """Real time."""
    examples: int | None = Field(default=None, ge=1)
    """Examples; the same number gives the same campaign."""
    shrink_trials: int = Field(default=200, ge=1)
    """Trials for making one finding small."""


class CampaignSpec(StrictModel):
    """What to search, and how much."""

    description: str = ""
    """What it is for, in one sentence."""
    target: TargetSource = TargetSource()
    """The operator and its kind."""
    generator: SpecGenerator = SpecGenerator()
    """How specs are drawn."""
    faults: dict[str, int] | Literal["none", "default"] = "default"
    """The pool: names of faults and their weights, or `none`, or `default`."""
    swarm: bool = True
    """Some kinds of operations and some faults are off in each example."""
    budget: Budget = Budget()
    """When to stop."""
    seed: int = Field(default=0, ge=0)
    """Of all draws."""
    workers: int | None = Field(default=None, ge=1)
    """Processes; default: all cores."""
    oracles: list[str] = []
    """Who judges; empty means all."""

    @field_validator("faults")
    @classmethod
    def _known_faults(cls, faults: Any) -> Any:
        for name in faults if isinstance(faults, dict) else ():
            if name not in fault_types():
                raise ValueError(f"no fault is called {name!r}{did_you_mean(name, fault_types())}")
        return faults

    @field_validator("oracles")
    @classmethod
    def _known_oracles(cls, oracles: list[str]) -> list[str]:
        return checked_oracles(oracles)


class CampaignFile(StrictModel):
    """A campaign file."""

    api_version: Literal["harness.dev/v1alpha1"] = API_VERSION
    kind: Literal["Campaign"] = "Campaign"
    metadata: Metadata
    spec: CampaignSpec


class FindingText(StrictModel):
    """What was found."""

    oracle: str
    """Who says so."""
    key: str
    """Equal for the same fault in any trial."""
    message: str = ""
    """For people."""


class TrialSpec(StrictModel):
    """One example, and what it found."""

    target: TargetSource = TargetSource()
    """The operator and its kind."""
    seed: int = 0
    """Of the schedule."""
    operations: list[dict[str, Any]] = Field(min_length=1)
    """What is done, in order; each waits until the cluster is at rest."""
    oracles: list[str] = []
    """Who judges; empty means all."""
    finding: FindingText | None = None
    """What was found when the file was written."""

    @field_validator("oracles")
    @classmethod
    def _known_oracles(cls, oracles: list[str]) -> list[str]:
        return checked_oracles(oracles)


class TrialFile(StrictModel):
    """An example of a campaign, as `harness fuzz --replay` plays it."""

    api_version: Literal["harness.dev/v1alpha1"] = API_VERSION
    kind: Literal["Trial"] = "Trial"
    metadata: Metadata
    spec: TrialSpec


def checked_oracles(names: list[str]) -> list[str]:
    """The same names; ValueError for one that is no oracle."""
    for name in names:
        if name not in ALL:
            raise ValueError(f"no oracle is called {name!r}{did_you_mean(name, ALL)}")
    return names


def campaign_schema() -> dict[str, Any]:
    """JSON Schema of a campaign file, for editors."""
    schema = CampaignFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "operator-harness campaign"
    return schema
