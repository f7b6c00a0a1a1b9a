"""The object of a kind before anything was written into it: what a create is compared with.

Built-in kinds are Go structs, in which nested structs, and fields without `omitempty`, are there
from the start. Such a field is not one that its creator added, so it does not get a `"."` in
managedFields. Custom resources start with nothing. The table is what the `default: {}` and
`default: ""` of the real server's OpenAPI say, plus lists without `omitempty`, which they don't.
"""

from __future__ import annotations

from ..requests import Object
from ..schema.facts import names

_POD_TEMPLATE: Object = {"metadata": {}, "spec": {"containers": None}}
_SPEC_AND_STATUS: Object = {"spec": {}, "status": {}}
_ROLE_REF: Object = {"roleRef": {"apiGroup": "", "kind": "", "name": ""}}
_NODE_INFO = (
    "architecture bootID containerRuntimeVersion kernelVersion kubeProxyVersion kubeletVersion "
    "machineID operatingSystem osImage systemUUID"
)
_EMPTY: dict[str, Object] = {
    "v1 Event": {
        "involvedObject": {},
        "source": {},
        "eventTime": None,
        "firstTimestamp": None,
        "lastTimestamp": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
    "events.k8s.io/v1 Event": {
        "regarding": {},
        "eventTime": None,
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None,
    },
    "v1 LimitRange": {"spec": {"limits": None}},
    "v1 Namespace": _SPEC_AND_STATUS,
    "v1 Node": {
        "spec": {},
        "status": {
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
            "nodeInfo": dict.fromkeys(_NODE_INFO.split(), ""),
        },
    },
    "v1 PersistentVolumeClaim": {"spec": {"resources": {}}, "status": {}},
    "v1 PersistentVolume": _SPEC_AND_STATUS,
    "v1 Pod": {"spec": {"containers": None}, "status": {}},
    "v1 PodTemplate": {"template": _POD_TEMPLATE},
    "v1 ReplicationController": {"spec": {}, "status": {"replicas": 0}},
    "v1 ResourceQuota": _SPEC_AND_STATUS,
    "v1 Service": {"spec": {}, "status": {"loadBalancer": {}}},
    "apps/v1 ControllerRevision": {"data": None, "revision": 0},
    "apps/v1 DaemonSet": {
        "spec": {"selector": None, "template": _POD_TEMPLATE, "updateStrategy": {}},
        "status": {
            "currentNumberScheduled": 0,
            "desiredNumberScheduled": 0,
            "numberMisscheduled": 0,
            "numberReady": 0,
        },
    },
    "apps/v1 Deployment": {
        "spec": {"selector": None, "strategy": {}, "template": _POD_TEMPLATE},
        "status": {},
    },
    "apps/v1 ReplicaSet": {
        "spec": {"selector": None, "template": _POD_TEMPLATE},
        "status": {"replicas": 0},
    },
    "apps/v1 StatefulSet": {
        "spec": {
            "selector": None,
            "serviceName": "",
            "template": _POD_TEMPLATE,
            "updateStrategy": {},
        },
        "status": {"replicas": 0},
    },
    "autoscaling/v2 HorizontalPodAutoscaler": {
        "spec": {"maxReplicas": 0, "scaleTargetRef": {"kind": "", "name": ""}},
        "status": {"currentMetrics": None, "desiredReplicas": 0},
    },
    "batch/v1 CronJob": {
        "spec": {
            "schedule": "",
            "jobTemplate": {"metadata": {}, "spec": {"template": _POD_TEMPLATE}},
        },
        "status": {},
    },
    "batch/v1 Job": {"spec": {"template": _POD_TEMPLATE}, "status": {}},
    "networking.k8s.io/v1 IngressClass": {"spec": {}},
    "networking.k8s.io/v1 Ingress": {"spec": {}, "status": {"loadBalancer": {}}},
    "networking.k8s.io/v1 NetworkPolicy": {"spec": {"podSelector": {}}},
    "policy/v1 PodDisruptionBudget": {
        "spec": {},
        "status": {
            "currentHealthy": 0,
            "desiredHealthy": 0,
            "disruptionsAllowed": 0,
            "expectedPods": 0,
        },
    },
    "rbac.authorization.k8s.io/v1 ClusterRole": {"rules": None},
    "rbac.authorization.k8s.io/v1 Role": {"rules": None},
    "rbac.authorization.k8s.io/v1 ClusterRoleBinding": _ROLE_REF,
    "rbac.authorization.k8s.io/v1 RoleBinding": _ROLE_REF,
    "storage.k8s.io/v1 StorageClass": {"provisioner": ""},
    "apiextensions.k8s.io/v1 CustomResourceDefinition": {
        "spec": {
            "group": "",
            "names": {"kind": "", "plural": ""},
            "scope": "",
            "versions": None,
        },
        "status": {
            "acceptedNames": {"kind": "", "plural": ""},
            "conditions": None,
            "storedVersions": None,
        },
    },
    "scheduling.k8s.io/v1 PriorityClass": {"value": 0},
    "coordination.k8s.io/v1 Lease": {"spec": {}},
    "discovery.k8s.io/v1 EndpointSlice": {"addressType": "", "endpoints": None, "ports": None},
}


def empty_object(like: Object) -> Object:
    """An object of the same kind with nothing in it."""
    api_version, kind = str(like.get("apiVersion", "")), str(like.get("kind", ""))
    named: Object = {"apiVersion": api_version, "kind": kind}
    if (api_version, kind) not in names():
        return named
    return {**named, "metadata": {}, **_EMPTY.get(f"{api_version} {kind}", {})}
