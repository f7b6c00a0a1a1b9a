"""What shall exist for a service: one pure function from a spec and its history to the children.

No clock, no API, no memory: the same input gives the same objects, so the whole behaviour can be
read and tested here. Only fields with a meaning for the service are written. What is left out
belongs to the API server's defaults or to others (an annotation of a mesh, a node selector of a
policy), and stays as it is.
"""

from typing import Any

from aiservice_operator.kinds import (
    AISERVICE,
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DEPLOYMENT,
    MANAGED_BY,
    OWNER_ANNOTATION,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    STATEFUL_SET,
    Kind,
    Object,
    dig,
)
from aiservice_operator.revisions import History, Revision, annotations, digest
from aiservice_operator.rollout import (
    DEFAULT_PROGRESS_DEADLINE_SECONDS as DEFAULT_PROGRESS_DEADLINE_SECONDS,
)
from aiservice_operator.rollout import REVISION_ANNOTATION

DEFAULT_IMAGE = "aiservice/model-server:0.1.0"
DEFAULT_PORT = 8080
DEFAULT_PROBE = {"path": "/readyz", "periodSeconds": 10, "failureThreshold": 3}
MODEL_PATH = "/etc/aiservice/model"
STATE = "state"
STATE_PATH = "/var/lib/aiservice"
SERVER_GROUP = 10001
"""The group of the image's user (Dockerfile); volumes are made writable for it."""
OLD_REVISIONS_KEPT = 2


def children(service: Object, history: History) -> list[Object]:
    """All children of a service, in the order in which they are to be applied."""
    spec = history.active_spec(service)
    wanted = [controller_revision(service, revision) for revision in history.revisions]
    if "model" in spec:
        wanted.append(model_config_map(service, spec["model"]))
    wanted.append(network_service(service, spec))
    if "storage" in spec:
        wanted.append(replica_service(service, spec))
        wanted.append(stateful_set(service, spec, history.active))
    else:
        wanted.append(deployment(service, spec, history.active))
    if spec["size"] > 1:
        wanted.append(disruption_budget(service))
    return wanted


def controller_revision(service: Object, revision: Revision) -> Object:
    """The record of one pod template; rollback renders children from its data."""
    obj = child(service, CONTROLLER_REVISION, revision.name, annotations(revision))
    return obj | {"revision": revision.number, "data": revision.template}


def model_config_map(service: Object, model: dict[str, str]) -> Object:
    """The model to serve. Immutable, named by its content: another model is another object."""
    obj = child(service, CONFIG_MAP, model_config_map_name(service, model))
    return obj | {"immutable": True, "data": dict(model)}


def model_config_map_name(service: Object, model: dict[str, str]) -> str:
    """`NAME-model-HASH`."""
    return f"{service['metadata']['name']}-model-{digest(model)}"


def network_service(service: Object, spec: Object) -> Object:
    """One stable address for all replicas."""
    ports = [{"name": "http", "port": spec.get("port", DEFAULT_PORT), "targetPort": "http"}]
    obj = child(service, SERVICE, service["metadata"]["name"])
    return obj | {"spec": {"selector": pod_labels(service), "ports": ports}}


def deployment(service: Object, spec: Object, revision: Revision) -> Object:
    """The replicas. New pods come before old ones go, so a bad revision never costs capacity."""
    obj = child(service, DEPLOYMENT, service["metadata"]["name"])
    deadline = dig(spec, "rollout", "progressDeadlineSeconds")
    return obj | {
        "spec": {
            "replicas": spec["size"],
            "revisionHistoryLimit": OLD_REVISIONS_KEPT,
            "progressDeadlineSeconds": deadline or DEFAULT_PROGRESS_DEADLINE_SECONDS,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
            },
            "selector": {"matchLabels": pod_labels(service)},
            "template": _pod_template(service, spec, revision),
        }
    }


def replica_service(service: Object, spec: Object) -> Object:
    """A name for each replica: `NAME-ORDINAL.NAME-replicas`."""
    ports = [{"name": "http", "port": spec.get("port", DEFAULT_PORT), "targetPort": "http"}]
    obj = child(service, SERVICE, replica_service_name(service))
    return obj | {"spec": {"clusterIP": "None", "selector": pod_labels(service), "ports": ports}}


def replica_service_name(service: Object) -> str:
    """The StatefulSet's governing Service."""
    return f"{service['metadata']['name']}-replicas"


def stateful_set(service: Object, spec: Object, revision: Revision) -> Object:
    """The replicas where each keeps its state: one claim an ordinal.

    Ordinals know nothing of each other, so none waits for another (`Parallel`): in order, one pod
    that never becomes ready would stop the rollback that replaces it. A partition, even of 0,
    makes a lost pod come back as what is wanted now. Claims outlive pods, the StatefulSet and the
    service.

    See https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
    """
    obj = child(service, STATEFUL_SET, service["metadata"]["name"])
    return obj | {
        "spec": {
            "replicas": spec["size"],
            "serviceName": replica_service_name(service),
            "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
            "revisionHistoryLimit": OLD_REVISIONS_KEPT,
            "selector": {"matchLabels": pod_labels(service)},
            "template": _pod_template(service, spec, revision),
            "volumeClaimTemplates": [claim_template(service, spec["storage"])],
        }
    }


def claim_template(service: Object, storage: Object) -> Object:
    """What the StatefulSet makes claims from; with the server's defaults, for the list is one
    value to it.
    """
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": STATE, "labels": pod_labels(service)},
        "spec": claim_spec(storage),
    }


def claim_spec(storage: Object) -> Object:
    """A claim for this storage; without a class, the cluster's default one."""
    spec: Object = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": str(storage["size"])}},
    }
    if "storageClassName" in storage:
        spec["storageClassName"] = storage["storageClassName"]
    return spec


def disruption_budget(service: Object) -> Object:
    """Voluntary disruptions take one replica at a time."""
    obj = child(service, POD_DISRUPTION_BUDGET, service["metadata"]["name"])
    selector = {"matchLabels": pod_labels(service)}
    return obj | {"spec": {"maxUnavailable": 1, "selector": selector}}


def pod_labels(service: Object) -> dict[str, str]:
    """What pods are selected by; never changed, for a Deployment's selector can't be."""
    return {"app": service["metadata"]["name"]} | MANAGED_BY


def _pod_template(service: Object, spec: Object, revision: Revision) -> Object:
    pod: dict[str, Any] = {"containers": [_container(spec)]}
    if "storage" in spec:
        pod["securityContext"] = {"fsGroup": SERVER_GROUP}
    if "model" in spec:
        config_map = {"name": model_config_map_name(service, spec["model"])}
        pod["volumes"] = [{"name": "model", "configMap": config_map}]
    metadata = {
        "labels": pod_labels(service),
        "annotations": {REVISION_ANNOTATION: revision.name},
    }
    return {"metadata": metadata, "spec": pod}


def _container(spec: Object) -> Object:
    port = spec.get("port", DEFAULT_PORT)
    probe = DEFAULT_PROBE | spec.get("probe", {})
    image = spec.get("image", DEFAULT_IMAGE)
    container = {
        "name": "server",
        "image": image,
        "imagePullPolicy": pull_policy(image),
        "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
        "env": _environment(spec, port),
        "readinessProbe": {
            "httpGet": {"path": probe["path"], "port": "http"},
            "periodSeconds": probe["periodSeconds"],
            "failureThreshold": probe["failureThreshold"],
        },
    }
    if resources := {
        kind: {name: str(amount) for name, amount in amounts.items()}
        for kind, amounts in spec.get("resources", {}).items()
        if amounts
    }:
        container["resources"] = resources
    mounts: list[Object] = []
    if "model" in spec:
        mounts.append({"name": "model", "mountPath": MODEL_PATH, "readOnly": True})
    if "storage" in spec:
        mounts.append({"name": STATE, "mountPath": STATE_PATH})
    if mounts:
        container["volumeMounts"] = mounts
    return container


def pull_policy(image: str) -> str:
    """What the API server sets for a new pod template. It never looks at a later image again, so a
    service that once had `latest` would pull for ever.
    """
    name, _, pinned = image.rpartition("/")[2].partition("@")
    tag = name.partition(":")[2]
    return "Always" if tag == "latest" or not (tag or pinned) else "IfNotPresent"


def _environment(spec: Object, port: int) -> list[Object]:
    """The server's own settings first, then the user's, who may override them."""
    settings = {"PORT": str(port)}
    if "model" in spec:
        settings["MODEL_PATH"] = MODEL_PATH
    if "storage" in spec:
        settings["STATE_PATH"] = STATE_PATH
    for variable in spec.get("env", []):
        settings.pop(variable["name"], None)
    own = [{"name": name, "value": value} for name, value in settings.items()]
    return own + [_variable(each["name"], each.get("value", "")) for each in spec.get("env", [])]


def _variable(name: str, value: str) -> Object:
    """The API server keeps no empty value, so one that is applied would be missed for ever."""
    return {"name": name, "value": value} if value else {"name": name}


def child(service: Object, kind: Kind, name: str, notes: dict[str, str] | None = None) -> Object:
    """The metadata that every child has: labels to find it by, and its one owner. (Claims have no
    owner: data is not deleted by accident.)
    """
    owner = service["metadata"]
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": name,
            "namespace": owner["namespace"],
            "labels": pod_labels(service),
            "annotations": {OWNER_ANNOTATION: f"{owner['name']}/{owner['uid']}"} | (notes or {}),
            "ownerReferences": [
                {
                    "apiVersion": AISERVICE.api_version,
                    "kind": AISERVICE.kind,
                    "name": owner["name"],
                    "uid": owner["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
    }
