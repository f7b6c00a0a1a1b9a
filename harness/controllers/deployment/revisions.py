"""Finding the ReplicaSet of the current template, making it, and numbering revisions.

A revision is one more than the highest of the old ReplicaSets. Going back to an earlier template
finds the ReplicaSet that already has it, which then gets a new number, and its old one is kept in
`deployment.kubernetes.io/revision-history` (upstream `sync.go`, `deployment_util.go`).
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.apiserver.requests import Object
from harness.client.resources import DEPLOYMENTS

from ..objects import annotations_of, labels_of, name_of, namespace_of, owner_reference, status_of
from .rollout import Rollout, new_replica_count, replicas_of
from .template import HASH_LABEL, same_template, template_hash

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
ROLLBACK_TO = "deprecated.deployment.rollback.to"

#: Annotations of a Deployment that its ReplicaSets do not get.
_NOT_COPIED = (
    LAST_APPLIED,
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    ROLLBACK_TO,
)
_HISTORY_LENGTH_MAX = 2000


def revision_of(document: Object) -> int:
    """The revision number, 0 when there is none."""
    text = annotations_of(document).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def split(deployment: Object, replica_sets: Sequence[Object]) -> Rollout:
    """Tell the ReplicaSet of the current template from the old ones.

    Of several with the same template the oldest counts.
    """
    by_age = sorted(
        replica_sets, key=lambda item: (item["metadata"]["creationTimestamp"], name_of(item))
    )
    template = deployment["spec"]["template"]
    new = next((item for item in by_age if same_template(item["spec"]["template"], template)), None)
    return Rollout(deployment, new, [item for item in by_age if item is not new])


def make_replica_set(rollout: Rollout) -> Object:
    """The ReplicaSet of the current template, sized and numbered, to be created."""
    deployment, template = rollout.deployment, rollout.spec["template"]
    digest = template_hash(template, status_of(deployment).get("collisionCount"))
    labels = {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: digest}
    selector = rollout.spec["selector"]
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{digest}",
            "namespace": namespace_of(deployment),
            "ownerReferences": [owner_reference(deployment, DEPLOYMENTS)],
            "labels": labels,
        },
        "spec": {
            "replicas": new_replica_count(rollout),
            "minReadySeconds": rollout.spec.get("minReadySeconds", 0),
            "selector": {
                **selector,
                "matchLabels": {**(selector.get("matchLabels") or {}), HASH_LABEL: digest},
            },
            "template": {
                **template,
                "metadata": {**(template.get("metadata") or {}), "labels": labels},
            },
        },
    }
    annotated = with_annotations(rollout, replica_set, next_revision(rollout))
    return with_replica_annotations(rollout, annotated)


def next_revision(rollout: Rollout) -> int:
    """One more than the highest revision of the old ReplicaSets."""
    return max((revision_of(item) for item in rollout.old), default=0) + 1


def with_annotations(rollout: Rollout, replica_set: Object, revision: int) -> Object:
    """The new ReplicaSet with the Deployment's annotations and its revision number."""
    own = dict(annotations_of(replica_set))
    given = annotations_of(rollout.deployment)
    own.update({key: value for key, value in given.items() if key not in _NOT_COPIED})
    before = own.get(REVISION, "")
    if revision > revision_of(replica_set):
        own[REVISION] = str(revision)
        if before:
            own[REVISION_HISTORY] = _history(own.get(REVISION_HISTORY, ""), before)
    return _annotated(replica_set, own)


def with_replica_annotations(rollout: Rollout, replica_set: Object) -> Object:
    """A ReplicaSet that notes how many replicas its Deployment wants and allows."""
    own = {
        **annotations_of(replica_set),
        DESIRED_REPLICAS: str(rollout.wanted),
        MAX_REPLICAS: str(rollout.wanted + rollout.max_surge),
    }
    return _annotated(replica_set, own)


def desired_replicas(replica_set: Object) -> int | None:
    """How many replicas the Deployment wanted when it last sized this ReplicaSet."""
    text = annotations_of(replica_set).get(DESIRED_REPLICAS, "")
    return int(text) if text.isdigit() else None


def is_same_owner_and_template(deployment: Object, existing: Object) -> bool:
    """Whether a ReplicaSet that took our name is in truth the one we wanted to create."""
    wanted = {"uid": deployment["metadata"]["uid"], "controller": True}
    owners = existing["metadata"].get("ownerReferences") or ()
    owned = any(wanted.items() <= owner.items() for owner in owners)
    return owned and same_template(existing["spec"]["template"], deployment["spec"]["template"])


def hash_of(replica_set: Object) -> str:
    """The hash label of a ReplicaSet."""
    return labels_of(replica_set).get(HASH_LABEL, "")


def active(replica_sets: Sequence[Object]) -> list[Object]:
    """Those that want replicas."""
    return [item for item in replica_sets if replicas_of(item) > 0]


def _annotated(document: Object, annotations: dict[str, str]) -> Object:
    meta = {**document["metadata"], "annotations": annotations}
    return {**document, "metadata": meta}


def _history(history: str, revision: str) -> str:
    """The history with one more revision, the oldest ones dropped when it grows too long."""
    entries = [entry for entry in history.split(",") if entry]
    while entries and len(",".join([*entries, revision])) > _HISTORY_LENGTH_MAX:
        entries.pop(0)
    return ",".join([*entries, revision])
