"""An operator's Deployment, told to find its API server at the harness's proxy.

    Deployment > no pods yet, another API server's address, another authority > the same program

In a cluster a client finds the API by two environment variables or a host name, and by the files
that a kubelet puts under `/var/run/secrets/kubernetes.io/serviceaccount`. All of it can be said in
the pod's own template, so the program stays as it is. Projects with a Pulumi stack say the same
there.
Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from harness.apiserver.requests import Object

from .pod_route import API_NAMES, PodRoute

AUTHORITY = "harness-api-server-ca"
_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_VOLUME = "harness-api-access"
_TOKEN_SECONDS = 3607  # what a kubelet asks for


def routed(documents: Iterable[Object], deployment: str, route: PodRoute) -> list[Object]:
    """The manifests, with the Deployment of that name led to the proxy, and scaled to zero."""
    found: list[Object] = []
    for document in documents:
        if document["kind"] == "Deployment" and document["metadata"]["name"] == deployment:
            namespace = document["metadata"].get("namespace", "default")
            found.append(_authority(namespace, route))
            document = _led_to(document, route)
        found.append(document)
    return found


def _authority(namespace: str, route: PodRoute) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": AUTHORITY, "namespace": namespace},
        "data": {"ca.crt": route.ca_pem},
    }


def _led_to(deployment: Object, route: PodRoute) -> Object:
    document = copy.deepcopy(deployment)
    document["spec"]["replicas"] = 0
    pod = document["spec"]["template"]["spec"]
    pod["automountServiceAccountToken"] = False
    pod["hostAliases"] = [
        *pod.get("hostAliases", ()),
        {"ip": route.host, "hostnames": list(API_NAMES)},
    ]
    pod.setdefault("volumes", []).append({"name": _VOLUME, "projected": {"sources": _sources()}})
    address = {"KUBERNETES_SERVICE_HOST": route.host, "KUBERNETES_SERVICE_PORT": str(route.port)}
    for container in pod["containers"]:
        kept = [item for item in container.get("env", ()) if item["name"] not in address]
        container["env"] = [*kept, *({"name": n, "value": v} for n, v in address.items())]
        mount = {"name": _VOLUME, "mountPath": _MOUNT, "readOnly": True}
        container.setdefault("volumeMounts", []).append(mount)
    return document


def _sources() -> list[dict[str, Any]]:
    namespace = {"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": _TOKEN_SECONDS}},
        {"configMap": {"name": AUTHORITY, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [namespace]}},
    ]
