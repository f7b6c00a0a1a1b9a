"""Which strategy each built-in kind has, and where its scale is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..crd.definition import DefinitionStrategy
from ..resource import Conversion, ScalePaths, Strategy
from ..schema.node import Node
from .access import BindingStrategy, ClusterBindingStrategy, ClusterRoleStrategy, RoleStrategy
from .batch import CronJobStrategy, JobStrategy
from .cluster import (
    DisruptionBudgetStrategy,
    LeaseStrategy,
    NamespaceStrategy,
    NodeStrategy,
)
from .common import BuiltinStrategy
from .configuration import ConfigMapStrategy, SecretStrategy
from .endpoint_slices import EndpointSliceStrategy
from .events import EVENTS_CONVERSION, EventStrategy, NewEventStrategy
from .limits import LimitRangeStrategy, PriorityClassStrategy, QuotaStrategy
from .pod import PodStrategy
from .scaling import AutoscalerStrategy
from .services import ServiceStrategy
from .stateful_sets import StatefulSetStrategy
from .storage import ClaimStrategy, StorageClassStrategy, VolumeStrategy
from .webhooks import WebhookConfigurationStrategy
from .workloads import (
    DaemonSetStrategy,
    DeploymentStrategy,
    ReplicaSetStrategy,
    ReplicationControllerStrategy,
    RevisionStrategy,
)

#: Where `/scale` of a built-in kind reads and writes.
SCALE_PATHS = {
    ("apps", "deployments"): ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector"),
    ("apps", "replicasets"): ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector"),
    ("apps", "statefulsets"): ScalePaths(".spec.replicas", ".status.replicas", ".spec.selector"),
    ("", "replicationcontrollers"): ScalePaths(
        ".spec.replicas", ".status.replicas", ".spec.selector"
    ),
}

#: The strategy of each kind that has a special one, by (group, plural).
STRATEGIES: dict[tuple[str, str], type[BuiltinStrategy]] = {
    ("", "configmaps"): ConfigMapStrategy,
    ("", "events"): EventStrategy,
    ("", "limitranges"): LimitRangeStrategy,
    ("", "namespaces"): NamespaceStrategy,
    ("", "nodes"): NodeStrategy,
    ("", "persistentvolumeclaims"): ClaimStrategy,
    ("", "persistentvolumes"): VolumeStrategy,
    ("", "pods"): PodStrategy,
    ("", "replicationcontrollers"): ReplicationControllerStrategy,
    ("", "resourcequotas"): QuotaStrategy,
    ("", "secrets"): SecretStrategy,
    ("", "services"): ServiceStrategy,
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): (
        WebhookConfigurationStrategy
    ),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): (
        WebhookConfigurationStrategy
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): DefinitionStrategy,
    ("apps", "controllerrevisions"): RevisionStrategy,
    ("apps", "daemonsets"): DaemonSetStrategy,
    ("apps", "deployments"): DeploymentStrategy,
    ("apps", "replicasets"): ReplicaSetStrategy,
    ("apps", "statefulsets"): StatefulSetStrategy,
    ("autoscaling", "horizontalpodautoscalers"): AutoscalerStrategy,
    ("batch", "cronjobs"): CronJobStrategy,
    ("batch", "jobs"): JobStrategy,
    ("coordination.k8s.io", "leases"): LeaseStrategy,
    ("discovery.k8s.io", "endpointslices"): EndpointSliceStrategy,
    ("events.k8s.io", "events"): NewEventStrategy,
    ("policy", "poddisruptionbudgets"): DisruptionBudgetStrategy,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): ClusterBindingStrategy,
    ("rbac.authorization.k8s.io", "clusterroles"): ClusterRoleStrategy,
    ("rbac.authorization.k8s.io", "rolebindings"): BindingStrategy,
    ("rbac.authorization.k8s.io", "roles"): RoleStrategy,
    ("scheduling.k8s.io", "priorityclasses"): PriorityClassStrategy,
    ("storage.k8s.io", "storageclasses"): StorageClassStrategy,
}

#: Kinds that are views of objects which are stored as another kind or version.
CONVERSIONS: dict[tuple[str, str, str], Conversion] = {
    ("events.k8s.io", "v1", "events"): EVENTS_CONVERSION,
}


def strategy_of(row: Mapping[str, Any], node: Node) -> Strategy:
    """The strategy of one row of the data file."""
    kind = STRATEGIES.get((row["group"], row["plural"]), BuiltinStrategy)
    return kind(
        node,
        has_status="status" in row["subresources"],
        has_generation=bool(row["generation"]),
    )
