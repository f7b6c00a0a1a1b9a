"""A pod from a pod template, owned by its controller (upstream `GetPodFromTemplate`)."""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.client.resources import ResourceRef

from ..objects import name_of, namespace_of, owner_reference

#: Names of pods are at most 63 characters; upstream leaves out the dash when it would not fit.
_PREFIX_LENGTH_MAX = 253


def pod_from_template(owner: Object, owner_ref: ResourceRef) -> Object:
    """The pod that `owner.spec.template` describes, to be created."""
    template = owner["spec"]["template"]
    meta = template.get("metadata") or {}
    copied = {key: meta[key] for key in ("labels", "annotations", "finalizers") if meta.get(key)}
    prefix = f"{name_of(owner)}-"
    if len(prefix) > _PREFIX_LENGTH_MAX:
        prefix = name_of(owner)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **copied,
            "generateName": prefix,
            "namespace": namespace_of(owner),
            "ownerReferences": [owner_reference(owner, owner_ref)],
        },
        "spec": template["spec"],
    }
