"""HorizontalPodAutoscaler (autoscaling/v2)."""

from __future__ import annotations

from ..requests import Object
from ..status import FieldError, forbidden_field, invalid_value, required
from .checks import one_of
from .common import BuiltinStrategy

_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")


class AutoscalerStrategy(BuiltinStrategy):
    """Hooks of HorizontalPodAutoscaler."""

    def check(self, document: Object) -> list[FieldError]:
        """Bounds, target, metrics."""
        spec = document.get("spec") or {}
        least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
        errors: list[FieldError] = []
        if most < least:
            words = "must be greater than or equal to `minReplicas`"
            errors.append(invalid_value("spec.maxReplicas", most, words))
        if most < 1:
            errors.append(required("spec.maxReplicas"))
        errors += _target_errors(spec.get("scaleTargetRef") or {})
        metrics = spec.get("metrics") or []
        for index, metric in enumerate(metrics):
            errors += one_of(metric.get("type", ""), f"spec.metrics[{index}].type", _TYPES)
        if least == 0 and not any(m.get("type") in ("Object", "External") for m in metrics):
            words = (
                "must specify at least one Object or External metric to support scaling to zero "
                "replicas"
            )
            errors.append(forbidden_field("spec.metrics", words))
        return errors


def _target_errors(target: Object) -> list[FieldError]:
    path = "spec.scaleTargetRef"
    errors = [required(f"{path}.{name}") for name in ("kind", "name") if not target.get(name)]
    version = target.get("apiVersion", "")
    if "/" not in version:
        words = "apiVersion must specify API group"
        errors.append(invalid_value(f"{path}.apiVersion", version, words))
    return errors
