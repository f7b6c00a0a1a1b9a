"""Where the operator finds the API server, when not where the cluster says.

Clients in a pod read two variables and one folder, into which the kubelet puts the cluster's own
values. A container's own variables win over those of the kubelet, and a volume of our own takes the
folder's place, with the same token in it. Some clients (kopf) ask no variable and always go to
`kubernetes.default.svc` at port 443, so that name gets the other address, too. Thus an operator
that knows nothing of it talks to a proxy.

See https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import pulumi

API_SERVER_CA = "api-server-ca"
#: Where every Kubernetes client in a pod looks for its credentials.
CREDENTIALS = "/var/run/secrets/kubernetes.io/serviceaccount"
API_SERVER_NAMES = ["kubernetes.default.svc", "kubernetes.default", "kubernetes"]
TOKEN_SECONDS = 3607  # as the API server's own volumes have it


@dataclass(frozen=True)
class ApiServer:
    """An API server other than the cluster's own address for it."""

    host: str
    port: str
    ca: str


def configured_api_server(config: pulumi.Config) -> ApiServer | None:
    """What `apiServerHost`, `apiServerPort` and `apiServerCa` say; None when none is set."""
    names = ("apiServerHost", "apiServerPort", "apiServerCa")
    values = {name: config.get(name) for name in names}
    missing = [name for name, value in values.items() if not value]
    if len(missing) == len(names):
        return None
    if missing:
        raise pulumi.RunError(
            f"{', '.join(names)} go together: set {' and '.join(missing)} too, or none of them"
        )
    host, port, ca = (str(value) for value in values.values())
    return ApiServer(host, port, ca)


def directed(template: dict[str, Any], api_server: ApiServer) -> dict[str, Any]:
    """The pod template, with clients in the pod sent to another API server."""
    spec = template["spec"]
    variables = {
        "KUBERNETES_SERVICE_HOST": api_server.host,
        "KUBERNETES_SERVICE_PORT": api_server.port,
    }
    containers = [
        container
        | {
            "env": [{"name": name, "value": value} for name, value in variables.items()],
            "volumeMounts": [
                {"name": "credentials", "mountPath": CREDENTIALS, "readOnly": True},
            ],
        }
        for container in spec["containers"]
    ]
    # Clients read the authority once, so another one must be another pod.
    mark = hashlib.sha256(api_server.ca.encode()).hexdigest()[:16]
    return {
        "metadata": template["metadata"] | {"annotations": {"example.com/api-server-ca": mark}},
        "spec": spec
        | {
            "automountServiceAccountToken": False,
            "hostAliases": [{"ip": api_server.host, "hostnames": API_SERVER_NAMES}],
            "containers": containers,
            "volumes": [{"name": "credentials", "projected": {"sources": credentials()}}],
        },
    }


def credentials() -> list[dict[str, Any]]:
    """What the kubelet puts into the folder, but with an authority of our own."""
    namespace = {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
        {"configMap": {"name": API_SERVER_CA, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]
