"""Bug: the ConfigMap of the model is immutable, but has always the same name. Another model is
refused by the API server at every try, and the old one is served for ever.
"""

from __future__ import annotations

from dataclasses import replace

from aiservice_operator import decision, desired, handlers
from aiservice_operator.kinds import CONFIG_MAP, Kind, Object, kind_of


def model_config_map_name(service: Object, model: dict[str, str]) -> str:
    """One ConfigMap for a service."""
    return f"{service['metadata']['name']}-model"


def kind_to_update(obj: Object) -> Kind:
    """All kinds can be changed in place, we think."""
    kind = kind_of(obj)
    return replace(kind, immutable=()) if kind == CONFIG_MAP else kind


vars(desired).update(model_config_map_name=model_config_map_name)
vars(decision).update(kind_of=kind_to_update)
__all__ = ["handlers"]
