"""Claims of a StatefulSet: what they look like, and who owns them.

A claim is made from its template once and never changed after that. Nobody owns it, so that it
outlives pod and set, unless `persistentVolumeClaimRetentionPolicy` says otherwise: by
`whenDeleted: Delete` the set owns it; by `whenScaled: Delete` the pod does, as soon as the pod is
one that has to go. Garbage collection does the rest.
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.client.resources import PODS, STATEFUL_SETS

from ..objects import controller_of, labels_of, name_of, namespace_of, owner_reference, uid_of
from .identity import claim_names, ordinal_of, ordinals


def claims_of(stateful_set: Object, pod: Object) -> list[Object]:
    """The claims of a pod, to be created."""
    names = claim_names(stateful_set, ordinal_of(pod))
    return [
        _claim(stateful_set, template, names[name_of(template)])
        for template in stateful_set["spec"].get("volumeClaimTemplates") or ()
    ]


def _claim(stateful_set: Object, template: Object, name: str) -> Object:
    wanted = stateful_set["spec"]["selector"].get("matchLabels") or {}
    meta = {
        **template["metadata"],
        "name": name,
        "namespace": namespace_of(stateful_set),
        "labels": {**labels_of(template), **wanted},
    }
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta,
        "spec": template["spec"],
    }


def retention_of(stateful_set: Object) -> tuple[bool, bool]:
    """Whether claims go when the set is deleted, and when it is scaled down."""
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return policy.get("whenDeleted") == "Delete", policy.get("whenScaled") == "Delete"


def is_owned_as_wanted(stateful_set: Object, pod: Object, claim: Object) -> bool:
    """Whether the owners of a claim are those that the retention policy wants."""
    return owners_of(claim) == _wanted_owners(stateful_set, pod, claim)


def has_foreign_controller(stateful_set: Object, pod: Object, claim: Object) -> bool:
    """Whether somebody else controls the claim, who then decides what becomes of it."""
    controller = controller_of(claim)
    ours = (uid_of(stateful_set), pod["metadata"].get("uid", ""))
    return controller is not None and controller["uid"] not in ours


def with_wanted_owners(stateful_set: Object, pod: Object, claim: Object) -> Object:
    """The claim with the owners that the retention policy wants."""
    meta = {**claim["metadata"], "ownerReferences": _wanted_owners(stateful_set, pod, claim)}
    return {**claim, "metadata": meta}


def is_stale(stateful_set: Object, pod: Object, claim: Object) -> bool:
    """Whether a claim still belongs to an earlier pod of that name, and goes with it."""
    _, goes_with_pod = retention_of(stateful_set)
    return goes_with_pod and any(
        owner["kind"] == "Pod"
        and owner["name"] == name_of(pod)
        and owner["uid"] != pod["metadata"].get("uid", "")
        for owner in owners_of(claim)
    )


def owners_of(claim: Object) -> list[Object]:
    """`metadata.ownerReferences`."""
    return claim["metadata"].get("ownerReferences") or []


def _wanted_owners(stateful_set: Object, pod: Object, claim: Object) -> list[Object]:
    present = owners_of(claim)
    wanted = _policy_owners(stateful_set, pod)
    if has_foreign_controller(stateful_set, pod, claim):
        wanted = []
    ours = (uid_of(stateful_set), pod["metadata"].get("uid", ""))
    kept = [owner for owner in present if owner["uid"] not in ours]
    uids = [owner["uid"] for owner in wanted]
    same = [owner["uid"] for owner in present if owner["uid"] in ours] == uids
    if same and all(owner.get("controller") for owner in present if owner["uid"] in uids):
        return present
    return [*kept, *wanted]


def _policy_owners(stateful_set: Object, pod: Object) -> list[Object]:
    when_deleted, when_scaled = retention_of(stateful_set)
    condemned = ordinal_of(pod) not in ordinals(stateful_set)
    if when_scaled and condemned:
        return [owner_reference(pod, PODS)] if "uid" in pod["metadata"] else []
    return [owner_reference(stateful_set, STATEFUL_SETS)] if when_deleted else []
