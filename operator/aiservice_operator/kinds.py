"""The resources that the operator touches, as data: where each lives and what of it can never be
changed.

Requests are built from these rows alone, so a new kind of child is one row here and one function
in `desired`. Children are listed in the order in which they are applied: what a pod template
refers to comes before the template.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object as JSON: what the API returns, never wrapped in a model."""

GROUP = "example.com"
VERSION = "v1"
FIELD_MANAGER = "aiservice-operator"
MANAGED_BY = {"app.kubernetes.io/managed-by": FIELD_MANAGER}
OWNER_ANNOTATION = f"{GROUP}/owner"
"""`NAME/UID` of the owner, so that a child whose owner reference was stripped still finds its way
home.
"""


@dataclass(frozen=True)
class Kind:
    """One namespaced resource; `immutable` names owned fields that the API lets nobody change."""

    api_version: str
    kind: str
    plural: str
    immutable: tuple[tuple[str, ...], ...] = ()
    orphans: bool = False
    """Whether its own children outlive it, so that its successor finds them at work."""

    def path(
        self, namespace: str | None = None, name: str | None = None, subresource: str | None = None
    ) -> str:
        """The URL path of the collection, of one object, or of one of its subresources."""
        root = "/apis/" if "/" in self.api_version else "/api/"
        parts = [root + self.api_version]
        if namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/".join(parts)


AISERVICE = Kind(f"{GROUP}/{VERSION}", "AIService", "aiservices")
EVENT = Kind("v1", "Event", "events")
CONTROLLER_REVISION = Kind("apps/v1", "ControllerRevision", "controllerrevisions", (("data",),))
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps", (("data",), ("immutable",)))
SERVICE = Kind("v1", "Service", "services")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments", (("spec", "selector"),))
STATEFUL_SET = Kind(
    "apps/v1",
    "StatefulSet",
    "statefulsets",
    (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "podManagementPolicy"),
        ("spec", "volumeClaimTemplates"),
    ),
    orphans=True,
)
POD_DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
CRON_JOB = Kind("batch/v1", "CronJob", "cronjobs")
JOB = Kind("batch/v1", "Job", "jobs")
POD = Kind("v1", "Pod", "pods")
STORAGE_CLASS = Kind("storage.k8s.io/v1", "StorageClass", "storageclasses")

CHILDREN = (
    CONTROLLER_REVISION,
    CONFIG_MAP,
    SERVICE,
    CLAIM,
    DEPLOYMENT,
    STATEFUL_SET,
    POD_DISRUPTION_BUDGET,
    CRON_JOB,
    JOB,
)
WORKLOADS = (DEPLOYMENT.kind, STATEFUL_SET.kind)
"""What runs the replicas: a service has one of the two."""
RELATED = (CLAIM.kind, JOB.kind)
"""Kinds that others make for a service too: claims by its StatefulSet, Jobs by its CronJob. They
carry its label `app`, and no owner reference to it.
"""
BY_KIND: Mapping[str, Kind] = {kind.kind: kind for kind in (AISERVICE, *CHILDREN)}


def kind_of(obj: Object) -> Kind:
    """The row of an object that carries its own `kind`."""
    return BY_KIND[obj["kind"]]


def dig(obj: Any, *path: str, default: Any = None) -> Any:
    """The value at a path of keys, or the default where a step is missing or null."""
    for step in path:
        if not isinstance(obj, dict) or obj.get(step) is None:
            return default
        obj = obj[step]
    return obj


def uid_of(obj: Object) -> str:
    """The uid, empty for an object that the API has not stored yet."""
    return str(dig(obj, "metadata", "uid", default=""))


def controller_of(obj: Object) -> Object | None:
    """The owner reference with `controller: true`; the API allows at most one."""
    for reference in dig(obj, "metadata", "ownerReferences", default=[]):
        if reference.get("controller"):
            return dict(reference)
    return None
