"""Whether claims get volumes that programs can write to.

kind's own node image brings a provisioner whose directories everybody may write to. Where the class
is the test provisioner of kube-controller-manager instead, claims are bound, but the directories
belong to root and `fsGroup` does not reach a hostPath: an operator or server that does not run as
root, as none should, cannot keep anything there.
"""

from __future__ import annotations

import json

from .cluster import KindHandle
from .commands import Run, run

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_ROOT_ONLY = "kubernetes.io/host-path"


def has_volumes(handle: KindHandle, *, run: Run = run) -> bool:
    """Whether the default StorageClass gives volumes for those who are not root."""
    command = [str(handle.kubectl_bin), f"--kubeconfig={handle.kubeconfig}"]
    classes = json.loads(run([*command, "get", "storageclasses", "--output=json"]))["items"]
    provisioners = [
        each["provisioner"]
        for each in classes
        if (each["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
    ]
    return bool(provisioners) and _ROOT_ONLY not in provisioners
