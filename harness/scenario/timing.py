"""When a fault acts: `at`, `after` and `when` combine (armed after, then fires when)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.vocabulary import Duration, Jitter, StrictModel


class RequestMatch(StrictModel):
    """Requests of the API that are meant."""

    verb: str = ""
    """get list watch create update patch delete deletecollection; empty for any."""
    resource: str = ""
    """Plural, such as `deployments`; empty for any."""
    subresource: str | None = None
    """Such as `status`; empty text for the main resource only."""
    name: str = ""
    """Exact name; empty for any."""


class When(StrictModel):
    """An instant of the run, named by what happens."""

    event: Literal["ADDED", "MODIFIED", "DELETED"] | None = None
    """A committed change of `object`."""
    object: str | None = None
    """Of what: its name in `objects:`, `Kind/name`, or a kind alone."""
    request: RequestMatch | None = None
    """A request that arrives."""
    by: str | None = None
    """Who made the change or the request: `subject`, or an actor of the journal; default: anybody
    for changes, the subject for requests."""
    occurrence: int = Field(default=1, ge=1)
    """Which one, counted from the moment the fault is armed."""
    cel: str | None = None
    """An expression that becomes true."""
    deadline: Duration | None = None
    """Not fired by then is Inconclusive; default: the scenario's total."""

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        given = [name for name in ("event", "request", "cel") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("write exactly one of event, request and cel")
        if self.event is not None and self.object is None:
            raise ValueError("event needs object: what must change")
        return self


class FaultTiming(StrictModel):
    """Name and time of a fault; the fault itself is one more key beside these."""

    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    """How other faults, the journal and the verdict call it; unique in the scenario."""
    at: Duration | None = None
    """Time after the step's `do` is done."""
    after: str | None = Field(default=None, pattern=r"^[-a-z0-9]+\.(started|observed|ended)$")
    """`NAME.started`, `NAME.observed` or `NAME.ended` of another fault of the scenario."""
    when: When | None = None
    """An event that fires it, once armed."""
    jitter: Jitter | None = None
    """A span to draw an additional delay from."""
    duration: Duration | None = None
    """How long it lasts; without it a fault ends when it was observed."""
