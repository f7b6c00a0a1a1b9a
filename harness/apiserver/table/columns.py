"""The columns of built-in kinds, as the real server names them.

Each kind has a line: names in order, after a `|` those that only `-o wide` shows. A name ending in
`#` is an integer, in `?` a boolean, in `@` a date; all others are text.
"""

from __future__ import annotations

from ..resource import PrinterColumn

NAME = PrinterColumn("Name", "string", format="name")

_TYPES = {"#": "integer", "?": "boolean", "@": "date"}

_WORKLOAD = "Containers, Images, Selector"
_BINDING = "Role, Age | Users, Groups, ServiceAccounts"

_LINES = {
    ("", "configmaps"): "Data, Age",
    ("", "endpoints"): "Endpoints, Age",
    ("", "limitranges"): "Created At@",
    ("", "namespaces"): "Status, Age",
    ("", "nodes"): "Status, Roles, Age, Version | Internal-IP, External-IP, OS-Image, "
    "Kernel-Version, Container-Runtime",
    ("", "persistentvolumeclaims"): "Status, Volume, Capacity, Access Modes, StorageClass, "
    "VolumeAttributesClass, Age | VolumeMode",
    ("", "persistentvolumes"): "Capacity, Access Modes, Reclaim Policy, Status, Claim, "
    "StorageClass, VolumeAttributesClass, Reason, Age | VolumeMode",
    ("", "pods"): "Ready, Status, Restarts, Age | IP, Node, Nominated Node, Readiness Gates",
    ("", "podtemplates"): "Containers, Images, Pod Labels",
    ("", "replicationcontrollers"): f"Desired#, Current#, Ready#, Age | {_WORKLOAD}",
    ("", "resourcequotas"): "Request, Limit, Age",
    ("", "secrets"): "Type, Data, Age",
    ("", "serviceaccounts"): "Age",
    ("", "services"): "Type, Cluster-IP, External-IP, Port(s), Age | Selector",
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): "Webhooks#, Age",
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): "Webhooks#, Age",
    ("apiextensions.k8s.io", "customresourcedefinitions"): "Scope, Versions, Created At@ | "
    "Group, Kind, ShortNames, Established?",
    ("apps", "controllerrevisions"): "Controller, Revision, Age",
    ("apps", "daemonsets"): "Desired#, Current#, Ready#, Up-to-date#, Available#, "
    f"Node Selector, Age | {_WORKLOAD}",
    ("apps", "deployments"): f"Ready, Up-to-date, Available, Age | {_WORKLOAD}",
    ("apps", "replicasets"): f"Desired#, Current#, Ready#, Age | {_WORKLOAD}",
    ("apps", "statefulsets"): "Ready, Age | Containers, Images",
    ("autoscaling", "horizontalpodautoscalers"): "Reference, Targets, MinPods, MaxPods, "
    "Replicas, Age",
    ("batch", "cronjobs"): "Schedule, Timezone, Suspend?, Active#, Last Schedule, Age | "
    f"{_WORKLOAD}",
    ("batch", "jobs"): f"Status, Completions, Duration, Age | {_WORKLOAD}",
    ("coordination.k8s.io", "leases"): "Holder, Age",
    ("discovery.k8s.io", "endpointslices"): "AddressType, Ports, Endpoints, Age",
    ("networking.k8s.io", "ingressclasses"): "Controller, Parameters, Age",
    ("networking.k8s.io", "ingresses"): "Class, Hosts, Address, Ports, Age",
    ("networking.k8s.io", "networkpolicies"): "Pod-Selector, Age",
    ("node.k8s.io", "runtimeclasses"): "Handler, Age",
    ("policy", "poddisruptionbudgets"): "Min Available, Max Unavailable, Allowed Disruptions#, Age",
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _BINDING,
    ("rbac.authorization.k8s.io", "clusterroles"): "Created At@",
    ("rbac.authorization.k8s.io", "rolebindings"): _BINDING,
    ("rbac.authorization.k8s.io", "roles"): "Created At@",
    ("scheduling.k8s.io", "priorityclasses"): "Value#, Global-Default?, Age, PreemptionPolicy",
    ("storage.k8s.io", "csinodes"): "Drivers#, Age",
    ("storage.k8s.io", "storageclasses"): "Provisioner, ReclaimPolicy, VolumeBindingMode, "
    "AllowVolumeExpansion, Age",
}


def _column(text: str, priority: int) -> PrinterColumn:
    kind = _TYPES.get(text[-1], "string")
    name = text.rstrip("#?@") if kind != "string" else text
    return PrinterColumn(name, kind, priority=priority)


def _columns(line: str) -> tuple[PrinterColumn, ...]:
    found = [NAME]
    for priority, part in enumerate(line.split(" | ")):
        found += [_column(text.strip(), priority) for text in part.split(",")]
    return tuple(found)


#: Columns by (group, plural); an Event does not begin with its name.
COLUMNS = {key: _columns(line) for key, line in _LINES.items()} | {
    ("", "events"): (
        *(_column(text, 0) for text in ("Last Seen", "Type", "Reason", "Object")),
        *(_column(text, 1) for text in ("Subobject", "Source")),
        _column("Message", 0),
        *(_column(text, 1) for text in ("First Seen", "Count")),
        PrinterColumn("Name", "string", format="name", priority=1),
    )
}
