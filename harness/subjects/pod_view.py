"""What a subject finds around it: the environment and the files of a pod, or of a desk.

In a pod the kubelet mounts the ServiceAccount's token, the authority's certificate and the
namespace, and names the API server in the environment. At a desk there is a kubeconfig.
Source: "Accessing the Kubernetes API from a Pod" in the Kubernetes documentation.
"""

from __future__ import annotations

import os

from .endpoint import Endpoint
from .spec import SubjectSpec

SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
KUBECONFIG = "/etc/subject/kubeconfig"


class PodView:
    """Environment and files for one subject."""

    def __init__(self, spec: SubjectSpec, endpoint: Endpoint) -> None:
        self._spec = spec
        self.endpoint = endpoint

    def environment(self) -> dict[str, str]:
        """The variables of its process; nothing of the harness's own environment leaks in."""
        base = {
            "HOME": "/home/subject",
            "HOSTNAME": self._spec.name,
            "LANG": "C.UTF-8",
            "PATH": os.defpath,
            "USER": "subject",
        }
        return base | self._access() | dict(self._spec.env)

    def _access(self) -> dict[str, str]:
        if self._spec.access == "kubeconfig":
            return {"KUBECONFIG": KUBECONFIG}
        return {
            "KUBERNETES_SERVICE_HOST": self.endpoint.host,
            "KUBERNETES_SERVICE_PORT": str(self.endpoint.port),
            "KUBERNETES_SERVICE_PORT_HTTPS": str(self.endpoint.port),
        }

    def files(self) -> dict[str, bytes]:
        """What it can read, by path as it sees it."""
        if self._spec.access == "kubeconfig":
            return {KUBECONFIG: self.endpoint.kubeconfig().encode()}
        texts = {
            "token": self.endpoint.token,
            "ca.crt": self.endpoint.ca_pem,
            "namespace": self.endpoint.namespace,
        }
        return {f"{SERVICE_ACCOUNT_FOLDER}/{name}": text.encode() for name, text in texts.items()}
