"""Which pod an ordinal is: its name, host name, labels and claims, made from a template.

A pod of the set `db` is `db-N`, reached as `db-N.SERVICE`; what its template says under the same
volume names gives way to the claims `TEMPLATE-db-N` (upstream `stateful_set_utils.go`).
"""

from __future__ import annotations

import re

from harness.apiserver.requests import Object
from harness.client.resources import STATEFUL_SETS

from ..objects import labels_of, name_of, namespace_of, owner_reference

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"

_POD_NAME = re.compile(r"(.*)-([0-9]+)")
#: Larger numbers are no ordinals (upstream parses 32 bits).
_ORDINAL_MAX = 2**31 - 1


def parent_and_ordinal(pod: Object) -> tuple[str, int]:
    """The set that a pod's name speaks of, and its ordinal; -1 when it has none."""
    found = _POD_NAME.fullmatch(name_of(pod))
    if found is None:
        return "", -1
    ordinal = int(found[2])
    return found[1], ordinal if ordinal <= _ORDINAL_MAX else -1


def ordinal_of(pod: Object) -> int:
    """The number at the end of a pod's name, -1 when there is none."""
    return parent_and_ordinal(pod)[1]


def is_member(stateful_set: Object, pod: Object) -> bool:
    """Whether a pod has the name of a pod of the set."""
    return parent_and_ordinal(pod)[0] == name_of(stateful_set)


def replicas_of(stateful_set: Object) -> int:
    """How many pods are wanted."""
    replicas: int = stateful_set["spec"].get("replicas", 1)
    return replicas


def first_ordinal(stateful_set: Object) -> int:
    """`spec.ordinals.start`."""
    start: int = (stateful_set["spec"].get("ordinals") or {}).get("start", 0)
    return start


def ordinals(stateful_set: Object) -> range:
    """The ordinals that should have a pod."""
    start = first_ordinal(stateful_set)
    return range(start, start + replicas_of(stateful_set))


def revision_of(pod: Object) -> str:
    """The name of the revision that a pod was made from."""
    return labels_of(pod).get(REVISION_LABEL, "")


def claim_names(stateful_set: Object, ordinal: int) -> dict[str, str]:
    """Claims of an ordinal, by the name of their template, which is also the volume's."""
    templates = stateful_set["spec"].get("volumeClaimTemplates") or ()
    names = [name_of(template) for template in templates]
    return {name: f"{name}-{name_of(stateful_set)}-{ordinal}" for name in names}


def pod_of(stateful_set: Object, ordinal: int, revision: str) -> Object:
    """The pod of an ordinal, to be created. `stateful_set` has the template of `revision`."""
    template = stateful_set["spec"]["template"]
    meta = template.get("metadata") or {}
    copied = {key: meta[key] for key in ("annotations", "finalizers") if meta.get(key)}
    name = f"{name_of(stateful_set)}-{ordinal}"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **copied,
            "name": name,
            "generateName": f"{name_of(stateful_set)}-",
            "namespace": namespace_of(stateful_set),
            "labels": {**(meta.get("labels") or {}), REVISION_LABEL: revision},
            "ownerReferences": [owner_reference(stateful_set, STATEFUL_SETS)],
        },
        "spec": {
            **template["spec"],
            "hostname": name,
            "subdomain": stateful_set["spec"].get("serviceName", ""),
        },
    }
    return with_identity(stateful_set, with_storage(stateful_set, pod))


def identity_matches(stateful_set: Object, pod: Object) -> bool:
    """Whether the pod carries its name as a label; nobody looks after the one of its number."""
    return labels_of(pod).get(POD_NAME_LABEL) == name_of(pod)


def with_identity(stateful_set: Object, pod: Object) -> Object:
    """The pod with the labels of its name and number."""
    labels = {**labels_of(pod), **_identity_labels(pod)}
    meta = {**pod["metadata"], "namespace": namespace_of(stateful_set), "labels": labels}
    return {**pod, "metadata": meta}


def _identity_labels(pod: Object) -> dict[str, str]:
    return {POD_NAME_LABEL: name_of(pod), POD_INDEX_LABEL: str(ordinal_of(pod))}


def storage_matches(stateful_set: Object, pod: Object) -> bool:
    """Whether the pod's volumes are the claims of its ordinal."""
    used = {
        volume["name"]: (volume.get("persistentVolumeClaim") or {}).get("claimName")
        for volume in pod["spec"].get("volumes") or ()
    }
    return claim_names(stateful_set, ordinal_of(pod)).items() <= used.items()


def with_storage(stateful_set: Object, pod: Object) -> Object:
    """The pod with the claims of its ordinal before its other volumes."""
    claims = claim_names(stateful_set, ordinal_of(pod))
    others = [item for item in pod["spec"].get("volumes") or () if item["name"] not in claims]
    volumes = [
        *({"name": n, "persistentVolumeClaim": {"claimName": c}} for n, c in claims.items()),
        *others,
    ]
    return {**pod, "spec": {**pod["spec"], "volumes": volumes}} if volumes else pod
