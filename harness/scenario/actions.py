"""What a step may do: one key names the action, the rest says how."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from harness.vocabulary import Duration, StrictModel


class Apply(StrictModel):
    """Server-side apply manifests, as a user of the cluster would."""

    file: str | None = None
    """A manifest file, relative to the scenario; `$(name)` is substituted in it."""
    object: dict[str, Any] | None = None
    """One object, written here."""
    refused: bool = False
    """The API server must refuse it (422, 400 or 403); acceptance fails the step."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.file is None) == (self.object is None):
            raise ValueError("write either file or object")
        return self


class Patch(StrictModel):
    """Change an object by hand."""

    object: str
    """Its name in `objects:`, or `Kind/name`."""
    merge: dict[str, Any] | None = None
    """A merge patch."""
    json_: list[dict[str, Any]] | None = None
    """A JSON Patch."""
    subresource: str = ""
    """`status`, to patch that."""
    refused: bool = False
    """The API server must refuse it; acceptance fails the step."""

    @model_validator(mode="after")
    def _one_patch(self) -> Self:
        if (self.merge is None) == (self.json_ is None):
            raise ValueError("write either merge or json")
        return self


class Delete(StrictModel):
    """Delete an object; not an error when it is gone already."""

    object: str
    """Its name in `objects:`, or `Kind/name`."""
    propagation: Literal["Background", "Foreground", "Orphan"] = "Background"
    """What happens to its dependents."""
    wait: bool = False
    """Wait until it is really gone."""


class Scale(StrictModel):
    """Write the scale subresource, as `kubectl scale` does."""

    object: str
    """Its name in `objects:`, or `Kind/name`."""
    replicas: int = Field(ge=0)
    """How many."""


class Wait(StrictModel):
    """Let time pass."""

    for_: Duration
    """How long, such as `30s`."""


class Script(StrictModel):
    """Run a program; only with `--allow-custom`, and never through a shell."""

    command: list[str] = Field(min_length=1)
    """Program and arguments."""
    timeout: Duration = 60.0
    """When to give up."""


class Action(StrictModel):
    """One thing to do; exactly one key."""

    apply: Apply | None = None
    patch: Patch | None = None
    delete: Delete | None = None
    scale: Scale | None = None
    wait: Wait | None = None
    script: Script | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = sorted(self.model_fields_set)
        if len(given) != 1:
            what = f"has {', '.join(given)}" if given else "is empty"
            known = ", ".join(type(self).model_fields)
            raise ValueError(f"an action {what}; write exactly one of {known}")
        return self

    @property
    def chosen(self) -> Apply | Patch | Delete | Scale | Wait | Script:
        """The one action that is written."""
        (name,) = self.model_fields_set
        action: Apply | Patch | Delete | Scale | Wait | Script = getattr(self, name)
        return action
