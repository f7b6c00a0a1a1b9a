"""Names of resources, and the paths they are served at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class KindRef(NamedTuple):
    """apiVersion and kind, as objects carry them."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """The API group; empty for core."""
        return self.api_version.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """One served resource: where it lives and what its objects are called."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As objects carry it: `apps/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL path of the collection, an object, or a subresource of it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        where = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        tail = "".join(f"/{part}" for part in (self.plural, name, subresource) if part)
        return root + where + tail


def _core(plural: str, kind: str, namespaced: bool = True) -> ResourceRef:
    return ResourceRef("", "v1", plural, kind, namespaced)


PODS = _core("pods", "Pod")
NODES = _core("nodes", "Node", namespaced=False)
NAMESPACES = _core("namespaces", "Namespace", namespaced=False)
SERVICES = _core("services", "Service")
CONFIGMAPS = _core("configmaps", "ConfigMap")
SECRETS = _core("secrets", "Secret")
SERVICE_ACCOUNTS = _core("serviceaccounts", "ServiceAccount")
RESOURCE_QUOTAS = _core("resourcequotas", "ResourceQuota")
EVENTS = _core("events", "Event")
CLAIMS = _core("persistentvolumeclaims", "PersistentVolumeClaim")
VOLUMES = _core("persistentvolumes", "PersistentVolume", namespaced=False)
DEPLOYMENTS = ResourceRef("apps", "v1", "deployments", "Deployment")
REPLICA_SETS = ResourceRef("apps", "v1", "replicasets", "ReplicaSet")
DAEMON_SETS = ResourceRef("apps", "v1", "daemonsets", "DaemonSet")
AUTOSCALERS = ResourceRef(
    "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"
)
JOBS = ResourceRef("batch", "v1", "jobs", "Job")
CRON_JOBS = ResourceRef("batch", "v1", "cronjobs", "CronJob")
STATEFUL_SETS = ResourceRef("apps", "v1", "statefulsets", "StatefulSet")
CONTROLLER_REVISIONS = ResourceRef("apps", "v1", "controllerrevisions", "ControllerRevision")
ENDPOINT_SLICES = ResourceRef("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
POD_DISRUPTION_BUDGETS = ResourceRef("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
LEASES = ResourceRef("coordination.k8s.io", "v1", "leases", "Lease")
STORAGE_CLASSES = ResourceRef(
    "storage.k8s.io", "v1", "storageclasses", "StorageClass", namespaced=False
)
CRDS = ResourceRef(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
)
