"""The stack: everything that the AIService operator needs in a cluster, and the only source of
its manifests.

`pulumi up` provisions it; `make manifests` renders the same program into `operator/manifests/`.
The operator may do what is listed in `RULES` and nothing else: the API server, real or simulated,
refuses the rest.

Configuration (`pulumi config set NAME VALUE`), none of it needed:

    image           the operator's
    replicas        how many operators
    apiServerHost   where the operator finds the API server, when not where the cluster says:
    apiServerPort   a proxy, for instance; these three go together
    apiServerCa     the certificate authority that signed its certificate, PEM
"""

from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from api_server import API_SERVER_CA, ApiServer, configured_api_server, directed
from crd import GROUP, NAME, PLURAL, custom_resource_definition

NAMESPACE = "ai-system"
OPERATOR = "ai-operator"
DEFAULT_IMAGE = "aiservice/operator:0.1.0"
PROBE_PORT = 8080
LABELS = {"app": OPERATOR}

READ = ["get", "list", "watch"]
OWN = [*READ, "create", "patch", "delete"]

RULES: list[dict[str, Any]] = [
    # kopf watches the services, and looks for their definition until it is there.
    {"apiGroups": [GROUP], "resources": [PLURAL], "verbs": READ},
    {"apiGroups": [GROUP], "resources": [f"{PLURAL}/status"], "verbs": ["patch"]},
    {
        "apiGroups": ["apiextensions.k8s.io"],
        "resources": ["customresourcedefinitions"],
        "verbs": ["list", "watch"],
    },
    # For owner references that block deletion, where their admission plugin checks this right.
    {"apiGroups": [GROUP], "resources": [f"{PLURAL}/finalizers"], "verbs": ["update"]},
    # The children.
    {
        "apiGroups": ["apps"],
        "resources": ["controllerrevisions", "deployments", "statefulsets"],
        "verbs": OWN,
    },
    {"apiGroups": [""], "resources": ["configmaps", "services"], "verbs": OWN},
    {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": OWN},
    {"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": OWN},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": [*READ, "create", "delete"]},
    # Claims are made and grown, and never deleted; why one cannot grow its class says.
    {
        "apiGroups": [""],
        "resources": ["persistentvolumeclaims"],
        "verbs": [*READ, "create", "patch"],
    },
    {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["get"]},
    # Pods that keep a StatefulSet from replacing them.
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "delete"]},
    {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]},
]


def provision() -> dict[str, pulumi.Output[str]]:
    """The whole program: declare every resource. Returns the exports, which others refer to."""
    config = pulumi.Config()
    api_server = configured_api_server(config)
    definition = custom_resource()
    namespace = system_namespace()
    account = service_account(namespace)
    needs: list[pulumi.Resource] = [definition, grant(account), account]
    if api_server is not None:
        needs.append(api_server_ca(api_server, namespace))
    operator = operator_deployment(
        config.get("image") or DEFAULT_IMAGE, config.get_int("replicas"), api_server, needs
    )
    return {
        "ai_service_crd_name": definition.metadata["name"],
        "ai_service_operator_deployment_name": operator.metadata["name"],
    }


def custom_resource() -> kubernetes.apiextensions.v1.CustomResourceDefinition:
    """The AIService kind."""
    return kubernetes.apiextensions.v1.CustomResourceDefinition(
        "aiservice", metadata={"name": NAME}, spec=custom_resource_definition()
    )


def system_namespace() -> kubernetes.core.v1.Namespace:
    """The operator's own namespace; services live wherever their users want them."""
    return kubernetes.core.v1.Namespace("namespace", metadata={"name": NAMESPACE})


def service_account(namespace: kubernetes.core.v1.Namespace) -> kubernetes.core.v1.ServiceAccount:
    """The identity of the operator."""
    return kubernetes.core.v1.ServiceAccount(
        "service-account",
        metadata={"name": OPERATOR, "namespace": NAMESPACE},
        opts=pulumi.ResourceOptions(depends_on=[namespace]),
    )


def grant(
    account: kubernetes.core.v1.ServiceAccount,
) -> kubernetes.rbac.v1.ClusterRoleBinding:
    """What the operator may do, in all namespaces."""
    role = kubernetes.rbac.v1.ClusterRole("cluster-role", metadata={"name": OPERATOR}, rules=RULES)
    return kubernetes.rbac.v1.ClusterRoleBinding(
        "cluster-role-binding",
        metadata={"name": OPERATOR},
        role_ref={
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": OPERATOR,
        },
        subjects=[{"kind": "ServiceAccount", "name": OPERATOR, "namespace": NAMESPACE}],
        opts=pulumi.ResourceOptions(depends_on=[role, account]),
    )


def api_server_ca(
    api_server: ApiServer, namespace: kubernetes.core.v1.Namespace
) -> kubernetes.core.v1.ConfigMap:
    """What the operator trusts instead of the cluster's own authority."""
    return kubernetes.core.v1.ConfigMap(
        "api-server-ca",
        metadata={"name": API_SERVER_CA, "namespace": NAMESPACE},
        data={"ca.crt": api_server.ca},
        opts=pulumi.ResourceOptions(depends_on=[namespace]),
    )


def operator_deployment(
    image: str,
    replicas: int | None,
    api_server: ApiServer | None,
    needs: list[pulumi.Resource],
) -> kubernetes.apps.v1.Deployment:
    """One replica of the operator. A second would be safe, and idle."""
    template: dict[str, Any] = {
        "metadata": {"labels": LABELS},
        "spec": {
            "serviceAccountName": OPERATOR,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [operator_container(image)],
        },
    }
    return kubernetes.apps.v1.Deployment(
        "operator",
        metadata={"name": OPERATOR, "namespace": NAMESPACE, "labels": LABELS},
        spec={
            "replicas": 1 if replicas is None else replicas,
            "selector": {"matchLabels": LABELS},
            "template": template if api_server is None else directed(template, api_server),
        },
        opts=pulumi.ResourceOptions(depends_on=needs),
    )


def operator_container(image: str) -> dict[str, Any]:
    """The container `operator`: kopf, with its health endpoint on one port for both probes."""
    probe = {"httpGet": {"path": "/healthz", "port": "health"}}
    return {
        "name": "operator",
        "image": image,
        "args": [
            "kopf",
            "run",
            "--module=aiservice_operator.handlers",
            "--all-namespaces",
            "--standalone",
            f"--liveness=http://0.0.0.0:{PROBE_PORT}/healthz",
        ],
        "ports": [{"name": "health", "containerPort": PROBE_PORT}],
        "livenessProbe": probe | {"initialDelaySeconds": 10, "periodSeconds": 20},
        "readinessProbe": probe | {"periodSeconds": 5},
        "resources": {
            "requests": {"cpu": "50m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
