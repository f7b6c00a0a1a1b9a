"""HorizontalPodAutoscaler: keeps the replicas of a target between a minimum and a maximum.

There are no metrics in this cluster, so what upstream's controller does without them is all that
there is: every 15 seconds the target's Scale is read; a count out of bounds is brought back, one
within bounds stays, and the status says that metrics are missing. A target of zero replicas is left
alone. (upstream `podautoscaler/horizontal.go`)
"""

from __future__ import annotations

from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import AUTOSCALERS, KindRef
from harness.client.watching import Key, key_of

from .controller import KeyController
from .objects import merged

PERIOD_SECONDS = 15.0
_NO_METRICS = (
    "unable to get metrics for resource {0}: unable to fetch metrics from resource metrics API: "
    "the server could not find the requested resource (get pods.metrics.k8s.io)"
)


class AutoscalerController(KeyController):
    """Looks at each autoscaler every 15 seconds."""

    name = "horizontal-pod-autoscaling"
    component = "horizontal-pod-autoscaler"
    primary = AUTOSCALERS

    def setup(self) -> None:
        """Follow autoscalers; one that is new is looked at at once, then on time."""
        self._autoscalers = self.informer(AUTOSCALERS)
        self._autoscalers.on_change(self._changed)

    def _changed(self, before: Object | None, after: Object | None) -> None:
        if before is None and after is not None:
            self.enqueue(key_of(after))

    async def sync(self, item: Key) -> None:
        """Scale the target if it is out of bounds, and say how it went."""
        autoscaler = self._autoscalers.objects.get(item)
        if autoscaler is None:
            return
        self.enqueue(item, after_seconds=PERIOD_SECONDS)
        round_ = _Round(autoscaler, self.clock.timestamp())
        await self._scale(round_)
        if round_.status != (autoscaler.get("status") or {}):
            written = merged(autoscaler, status=round_.status)
            await self.client.update(AUTOSCALERS, written, subresource="status")

    async def _scale(self, round_: _Round) -> None:
        try:
            path, scale = await self._target(round_.autoscaler)
        except (LookupError, ApiError) as error:
            why = error.message if isinstance(error, ApiError) else str(error.args[0])
            self._tell(round_, "Warning", "FailedGetScale", why)
            words = f"the HPA controller was unable to get the target's current scale: {why}"
            round_.condition("AbleToScale", "False", "FailedGetScale", words)
            return
        words = "the HPA controller was able to get the target's current scale"
        round_.condition("AbleToScale", "True", "SucceededGetScale", words)
        current = (scale.get("spec") or {}).get("replicas") or 0
        least, most = round_.bounds()
        round_.counted(current)
        if current == 0 and least:
            words = "scaling is disabled since the replica count of the target is zero"
            round_.condition("ScalingActive", "False", "ScalingDisabled", words)
            round_.status["desiredReplicas"] = 0
        elif current > most:
            why = "Current number of replicas above Spec.MaxReplicas"
            await self._rescale(round_, path, scale, most, why)
        elif current < least:
            why = "Current number of replicas below Spec.MinReplicas"
            await self._rescale(round_, path, scale, least, why)
        else:
            self._miss_metrics(round_)

    async def _target(self, autoscaler: Object) -> tuple[str, Object]:
        """Path and content of the target's Scale."""
        target = autoscaler["spec"]["scaleTargetRef"]
        kind = KindRef(target.get("apiVersion", ""), target["kind"])
        try:
            ref = await self.client.resource(kind)
        except LookupError:
            words = f'no matches for kind "{kind.kind}" in group "{kind.group}"'
            raise LookupError(words) from None
        path = ref.path(autoscaler["metadata"]["namespace"], target["name"], "scale")
        scale: Object = (await self.client.call("GET", path)).document
        return path, scale

    async def _rescale(
        self, round_: _Round, path: str, scale: Object, wanted: int, why: str
    ) -> None:
        document = {**scale, "spec": {"replicas": wanted}}
        try:
            await self.client.call("PUT", path, document=document)
        except ApiError as error:
            said = f"New size: {wanted}; reason: {why}; error: {error.message}"
            self._tell(round_, "Warning", "FailedRescale", said)
            words = f"the HPA controller was unable to update the target scale: {error.message}"
            round_.condition("AbleToScale", "False", "FailedUpdateScale", words)
            return
        self._tell(round_, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {why}")
        words = f"the HPA controller was able to update the target scale to {wanted}"
        round_.condition("AbleToScale", "True", "SucceededRescale", words)
        words = "the HPA controller did not scale the workload to zero"
        round_.condition("ScaledToZero", "False", "NotScaledToZero", words)
        round_.status |= {"desiredReplicas": wanted, "lastScaleTime": round_.now}

    def _miss_metrics(self, round_: _Round) -> None:
        metrics = round_.autoscaler["spec"].get("metrics") or []
        name = (metrics[0].get("resource") or {}).get("name", "cpu") if metrics else "cpu"
        failed = f"failed to get {name} utilization: {_NO_METRICS.format(name)}"
        self._tell(round_, "Warning", "FailedGetResourceMetric", failed)
        count = len(metrics)
        words = (
            f"invalid metrics ({count} invalid out of {count}), first error is: failed to get "
            f"{name} resource metric value: {failed}"
        )
        self._tell(round_, "Warning", "FailedComputeMetricsReplicas", words)
        words = f"the HPA was unable to compute the replica count: {failed}"
        round_.condition("ScalingActive", "False", "FailedGetResourceMetric", words)
        round_.status["currentMetrics"] = [{"type": ""} for _ in metrics]

    def _tell(self, round_: _Round, kind: Any, reason: str, message: str) -> None:
        self.events.emit(round_.autoscaler, kind, reason, message)


class _Round:
    """One look at an autoscaler, and the status that comes of it."""

    def __init__(self, autoscaler: Object, now: str) -> None:
        self.autoscaler = autoscaler
        self.now = now
        self.status: Object = dict(autoscaler.get("status") or {})
        self.status["conditions"] = list(self.status.get("conditions") or ())

    def bounds(self) -> tuple[int, int]:
        """The least and the most replicas."""
        spec = self.autoscaler["spec"]
        return spec.get("minReplicas", 1), spec["maxReplicas"]

    def counted(self, current: int) -> None:
        """How many there are; none are not written down."""
        self.status["observedGeneration"] = self.autoscaler["metadata"].get("generation", 0)
        self.status.pop("currentReplicas", None)
        if current:
            self.status["currentReplicas"] = current

    def condition(self, kind: str, status: str, reason: str, message: str) -> None:
        """Set a condition; its time is that of the last change of its status."""
        rows: list[Object] = self.status["conditions"]
        known = next((row for row in rows if row["type"] == kind), None)
        same = known is not None and known["status"] == status
        row = {
            "type": kind,
            "status": status,
            "lastTransitionTime": known["lastTransitionTime"] if known and same else self.now,
            "reason": reason,
            "message": message,
        }
        if known is None:
            rows.append(row)
        else:
            rows[rows.index(known)] = row
