"""Mounting: a pod's containers start when its claims have volumes, and not before.

The scheduler waits for the same thing, so this only shows for pods that were put on a node by
somebody else. Once mounted, a volume stays with the pod whatever becomes of the claim.
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.client.watching import Informer

from ..objects import namespace_of
from ..volumes.matching import is_bound


def unmountable(pod: Object, claims: Informer) -> str:
    """Why the pod's volumes cannot be mounted yet, empty when they can."""
    for volume in pod["spec"].get("volumes") or ():
        source = volume.get("persistentVolumeClaim")
        if source is None:
            continue
        namespace, name = namespace_of(pod), source["claimName"]
        claim = claims.get(name, namespace)
        if claim is None:
            why = f'persistentvolumeclaim "{name}" not found'
        elif not is_bound(claim):
            why = "PVC is not bound"
        else:
            continue
        return (
            f"Unable to attach or mount volumes: unmounted volumes=[{volume['name']}], "
            f"unattached volumes=[], failed to process volumes=[{volume['name']}]: "
            f"error processing PVC {namespace}/{name}: {why}"
        )
    return ""
