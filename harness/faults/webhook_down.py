"""A webhook of the API server does not answer: its program is gone, its certificate is wrong.

    configuration > it points to where nobody is > each call fails > failurePolicy decides

With `failurePolicy: Fail` whatever its rules match is refused with 500 for as long; with `Ignore`
it goes through unchecked, without the defaults that the webhook would have set. (Kubernetes
"Dynamic Admission Control".) The program itself is not touched, so this works wherever it runs.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from harness.apiserver.requests import Object
from harness.client.client import JSON_PATCH
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Injection
from .patching import Changes
from .targets import PatchingInjection, TargetedFault

#: No name ends in it (RFC 2606), so nobody answers there.
NOWHERE = "https://webhook.invalid/"


class WebhookDown(TargetedFault):
    """Let calls of admission webhooks fail until the fault ends.

    The targets are ValidatingWebhookConfigurations and MutatingWebhookConfigurations. An operator
    that manages its own configuration may repair it sooner.
    """

    type: ClassVar[str] = "webhookDown"
    example: ClassVar[str] = """\
- name: down
  duration: 30s
  webhookDown: {object: ValidatingWebhookConfiguration/policies, failurePolicy: Fail}
"""
    kinds: ClassVar[tuple[str, ...]] = (
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
    )

    webhooks: list[str] = []
    """Names of webhooks in the configuration; default: all of them."""
    failure_policy: Literal["Fail", "Ignore"] | None = None
    """What happens to what they should have judged, instead of what each says itself."""

    def prepare(self, context: FaultContext) -> Injection:
        """One outage."""
        return Outage(self, context)


class Outage(PatchingInjection):
    """Webhooks that point to nowhere; seen when that is committed."""

    lasts = True

    def __init__(self, fault: WebhookDown, context: FaultContext) -> None:
        super().__init__(fault, context)
        self._fault = fault

    def choose(self) -> str:
        """Choose configurations; each must have one of the webhooks."""
        chosen = super().choose()
        for key, document in self.targets:
            if not self._patch(document):
                known = ", ".join(hook["name"] for hook in document.get("webhooks") or ()) or "none"
                raise CannotInject(
                    f"fault {self.context.name}: {key} has none of the webhooks that are to be "
                    f"down; it has {known}"
                )
        return chosen

    async def act(self) -> None:
        """Send the patches."""
        for changes, (_, document) in zip(self.begin_changes(), self.targets, strict=True):
            await changes.send(self.context, self._patch(document))

    def changes_of(self, document: Object) -> Changes:
        """One patch."""
        return Changes(document, [self._patch(document)], JSON_PATCH)

    def _patch(self, document: Object) -> list[dict[str, Any]]:
        patch: list[dict[str, Any]] = []
        for index, hook in enumerate(document.get("webhooks") or ()):
            if self._fault.webhooks and hook["name"] not in self._fault.webhooks:
                continue
            place = f"/webhooks/{index}"
            nowhere = {"url": NOWHERE}
            patch.append({"op": "replace", "path": f"{place}/clientConfig", "value": nowhere})
            if (policy := self._fault.failure_policy) is not None:
                patch.append({"op": "add", "path": f"{place}/failurePolicy", "value": policy})
        return patch

    def sees(self, record: Record) -> bool:
        """A version that this fault wrote."""
        return record.kind == "object" and record.actor == self.context.actor

    def undo_description(self) -> str:
        """They point to where they did."""
        return f"let the webhooks of {', '.join(str(key) for key, _ in self.targets)} be called"
