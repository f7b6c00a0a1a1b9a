"""Deployment, ReplicaSet, DaemonSet, ReplicationController, ControllerRevision.

They share the pod template and the rule that a selector must match it and stays what it was.
Source: k8s.io/kubernetes `pkg/apis/apps/validation`.
"""

from __future__ import annotations

from typing import Any

from ..metadata import validate_labels
from ..requests import Object
from ..status import FieldError, forbidden_field, invalid_value, not_supported, required
from .checks import (
    at_most_all,
    count_or_percent,
    is_empty,
    is_zero,
    matches,
    not_negative,
    selector_errors,
    unchanged,
)
from .common import BuiltinStrategy
from .pod_spec import complete_pod_spec, template_errors
from .status_counts import replica_errors

_MISMATCH = "`selector` does not match template `labels`"
_DEADLINE = "spec.template.spec.activeDeadlineSeconds"
_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


class WorkloadStrategy(BuiltinStrategy):
    """What the workloads share."""

    #: As messages about an empty selector name the kind.
    word = ""
    #: As the message about a deadline of pods names the kind (a Deployment's too).
    deadline_word = "ReplicaSet"
    #: Whether a missing selector is reported as such (a DaemonSet only mismatches).
    needs_selector = True

    def complete(self, document: Object) -> None:
        """Defaults of the pod template."""
        complete_template(document.get("spec") or {})

    def check(self, document: Object) -> list[FieldError]:
        """Selector, template, and what the kind has beside them."""
        spec = document.get("spec") or {}
        errors = self.before_template(spec)
        errors += self._selector(spec.get("selector"))
        errors += selector_and_template(spec)
        pod = (spec.get("template") or {}).get("spec") or {}
        if pod.get("activeDeadlineSeconds") is not None:
            words = f"activeDeadlineSeconds in {self.deadline_word} is not Supported"
            errors.append(forbidden_field(_DEADLINE, words))
        return errors + self.after_template(spec)

    def before_template(self, spec: Object) -> list[FieldError]:
        """Fields that upstream looks at first."""
        return []

    def after_template(self, spec: Object) -> list[FieldError]:
        """Fields that upstream looks at last."""
        return []

    def _selector(self, selector: Any) -> list[FieldError]:
        path = "spec.selector"
        if selector is None:
            return [required(path)] if self.needs_selector else []
        errors = selector_errors(selector, path)
        if is_empty(selector) and self.word:
            words = f"empty selector is invalid for {self.word}"
            errors.append(invalid_value(path, selector, words))
        if errors and not is_empty(selector):
            errors.append(invalid_value(path, selector, "invalid label selector"))
        return errors

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """The selector stays."""
        selectors = [(each.get("spec") or {}).get("selector") for each in (new, old)]
        return unchanged(selectors[0], selectors[1], "spec.selector")


def complete_template(spec: Object) -> None:
    """Defaults of the pod template of a workload; a template is never missing, only empty."""
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    if template.get("spec") is not None:
        complete_pod_spec(template["spec"])


def selector_and_template(spec: Object) -> list[FieldError]:
    """Whether the selector selects the template's pods, and what is wrong with the template."""
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    errors: list[FieldError] = []
    selector = spec.get("selector")
    judged = selector is None or not (is_empty(selector) or selector_errors(selector, ""))
    if judged and not matches(selector, labels or {}):
        errors.append(invalid_value("spec.template.metadata.labels", labels, _MISMATCH))
    return errors + template_errors(template, "spec.template")


class DeploymentStrategy(WorkloadStrategy):
    """Hooks of Deployment."""

    word = "deployment"
    annotations_are_desired = True

    def prepare_status_update(self, new: Object, old: Object) -> None:
        """Labels stay too: of all kinds only Deployments protect them."""
        super().prepare_status_update(new, old)
        new["metadata"].pop("labels", None)
        if "labels" in old["metadata"]:
            new["metadata"]["labels"] = old["metadata"]["labels"]

    def complete(self, document: Object) -> None:
        """Rolling updates have their bounds; other strategies have none."""
        super().complete(document)
        strategy = (document.get("spec") or {}).get("strategy") or {}
        if strategy.get("type") == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", "25%")
            rolling.setdefault("maxSurge", "25%")

    def before_template(self, spec: Object) -> list[FieldError]:
        """Replicas."""
        return not_negative(spec, "replicas", path="spec")

    def validate_status_update(self, new: Object, old: Object) -> list[FieldError]:
        """Counts that fit each other."""
        parts = ("updatedReplicas", "readyReplicas", "availableReplicas")
        others = ("unavailableReplicas", "observedGeneration", "collisionCount")
        return replica_errors(new, parts, others)

    def after_template(self, spec: Object) -> list[FieldError]:
        """Strategy and times."""
        errors = _rollout_errors(spec.get("strategy") or {})
        errors += not_negative(spec, "minReadySeconds", "revisionHistoryLimit", path="spec")
        deadline = spec.get("progressDeadlineSeconds")
        if deadline is not None:
            errors += not_negative(spec, "progressDeadlineSeconds", path="spec")
            if deadline <= spec.get("minReadySeconds", 0):
                words = "must be greater than minReadySeconds"
                errors.append(invalid_value("spec.progressDeadlineSeconds", deadline, words))
        return errors


def _rollout_errors(strategy: Object) -> list[FieldError]:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    path = "spec.strategy.rollingUpdate"
    if kind == "Recreate":
        words = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden_field(path, words)] if rolling is not None else []
    if kind != "RollingUpdate":
        shown = {"Type": kind, "RollingUpdate": rolling}
        return [not_supported("spec.strategy", shown, ("Recreate", "RollingUpdate"))]
    unavailable, surge = (rolling or {}).get("maxUnavailable"), (rolling or {}).get("maxSurge")
    errors = count_or_percent(unavailable, f"{path}.maxUnavailable")
    errors += count_or_percent(surge, f"{path}.maxSurge")
    if not errors and is_zero(unavailable) and is_zero(surge):
        words = "may not be 0 when `maxSurge` is 0"
        errors.append(invalid_value(f"{path}.maxUnavailable", unavailable, words))
    return errors + at_most_all(unavailable, f"{path}.maxUnavailable")


class ReplicaSetStrategy(WorkloadStrategy):
    """Hooks of ReplicaSet."""

    word = "replicaset"

    def before_template(self, spec: Object) -> list[FieldError]:
        """Counts."""
        return not_negative(spec, "replicas", "minReadySeconds", path="spec")

    def validate_status_update(self, new: Object, old: Object) -> list[FieldError]:
        """Counts that fit each other."""
        parts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        return replica_errors(new, parts, ("observedGeneration",))


class DaemonSetStrategy(WorkloadStrategy):
    """Hooks of DaemonSet."""

    word = "daemonset"
    deadline_word = "DaemonSet"
    needs_selector = False

    def complete(self, document: Object) -> None:
        """Rolling updates have their bounds."""
        super().complete(document)
        strategy = (document.get("spec") or {}).get("updateStrategy") or {}
        if strategy.get("type") == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", 1)
            rolling.setdefault("maxSurge", 0)
        notes = document["metadata"].get("annotations") or {}
        document["metadata"]["annotations"] = {_TEMPLATE_GENERATION: "1", **notes}

    def prepare_update(self, new: Object, old: Object) -> None:
        """It counts the changes of the template, whatever the client writes there."""
        super().prepare_update(new, old)
        before = (old["metadata"].get("annotations") or {}).get(_TEMPLATE_GENERATION, "0")
        changed = new["spec"].get("template") != old["spec"].get("template")
        notes = new["metadata"].setdefault("annotations", {})
        notes[_TEMPLATE_GENERATION] = str(int(before) + changed) if before.isdigit() else before

    def after_template(self, spec: Object) -> list[FieldError]:
        """Strategy and counts."""
        strategy = spec.get("updateStrategy") or {}
        errors = not_negative(spec, "minReadySeconds", "revisionHistoryLimit", path="spec")
        if strategy.get("type") not in ("RollingUpdate", "OnDelete"):
            shown = {
                "Type": strategy.get("type", ""),
                "RollingUpdate": strategy.get("rollingUpdate"),
            }
            allowed = ("RollingUpdate", "OnDelete")
            errors.append(not_supported("spec.updateStrategy", shown, allowed))
        if strategy.get("type") == "RollingUpdate":
            rolling = strategy.get("rollingUpdate") or {}
            errors = _daemon_rollout_errors(rolling) + errors
        return errors

    def validate_update(self, new: Object, old: Object) -> list[FieldError]:
        """What may not have changed, then whatever is wrong."""
        return self.compare(new, old) + self.check(new)


def _daemon_rollout_errors(rolling: Object) -> list[FieldError]:
    """One of surge and unavailability, not both, not none."""
    path = "spec.updateStrategy.rollingUpdate"
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    errors = count_or_percent(unavailable, f"{path}.maxUnavailable")
    errors += count_or_percent(surge, f"{path}.maxSurge")
    if errors:
        return errors
    errors = at_most_all(unavailable, f"{path}.maxUnavailable")
    errors += at_most_all(surge, f"{path}.maxSurge")
    if not is_zero(unavailable) and not is_zero(surge):
        words = "may not be set when maxUnavailable is non-zero"
        errors.append(invalid_value(f"{path}.maxSurge", surge, words))
    elif is_zero(unavailable) and is_zero(surge):
        words = "cannot be 0 when maxSurge is 0"
        errors.append(required(f"{path}.maxUnavailable", words))
    return errors


class ReplicationControllerStrategy(BuiltinStrategy):
    """Hooks of ReplicationController: the selector is a map and follows from the template."""

    def complete(self, document: Object) -> None:
        """Selector and labels default to the labels of the template."""
        spec = document.get("spec") or {}
        complete_template(spec)
        labels = (spec["template"].get("metadata") or {}).get("labels")
        if labels and not spec.get("selector"):
            spec["selector"] = dict(labels)
        if labels and not document["metadata"].get("labels"):
            document["metadata"]["labels"] = dict(labels)

    def check(self, document: Object) -> list[FieldError]:
        """Counts, selector, template."""
        spec = document.get("spec") or {}
        errors = not_negative(spec, "replicas", "minReadySeconds", path="spec")
        if not spec.get("selector"):
            errors.append(required("spec.selector"))
        errors += validate_labels(spec.get("selector") or {}, "spec.selector")
        return errors + template_errors(spec.get("template") or {}, "spec.template")


class RevisionStrategy(BuiltinStrategy):
    """Hooks of ControllerRevision: its data never changes."""

    def check(self, document: Object) -> list[FieldError]:
        """There is data; revisions count from 0."""
        errors = not_negative(document, "revision", path="")
        if document.get("data") is None:
            errors.append(required("data", "data is mandatory"))
        return errors

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """The data stays."""
        return unchanged(new.get("data"), old.get("data"), "data")
