"""What a subject finds around it: the environment and the files of a pod, or of a desk.

In a pod the kubelet mounts the ServiceAccount's token, the authority's certificate and the
namespace, and names the API server in the environment. At a desk there is a kubeconfig.
Source: "Accessing the Kubernetes API from a Pod" in the Kubernetes documentation.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from pathlib import Path

from .endpoint import Endpoint
from .spec import SubjectSpec

SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
KUBECONFIG = "/etc/subject/kubeconfig"


class PodView:
    """Environment and mounts for one subject; its real folder goes away with `remove`."""

    def __init__(self, spec: SubjectSpec, endpoint: Endpoint) -> None:
        self._spec = spec
        self._endpoint = endpoint
        self._folder = Path(tempfile.mkdtemp(prefix="operator-harness-"))

    def renew_token(self, token: str) -> None:
        """Replace the token, as the kubelet does before it expires; clients read it again."""
        self._endpoint = dataclasses.replace(self._endpoint, token=token)
        self.mounts()

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

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
            "KUBERNETES_SERVICE_HOST": self._endpoint.host,
            "KUBERNETES_SERVICE_PORT": str(self._endpoint.port),
            "KUBERNETES_SERVICE_PORT_HTTPS": str(self._endpoint.port),
        }

    def mounts(self) -> dict[str, str]:
        """Paths as the subject sees them, and the real folders, written anew."""
        if self._spec.access == "kubeconfig":
            return self._mount(KUBECONFIG, {"kubeconfig": self._endpoint.kubeconfig()})
        files = {
            "token": self._endpoint.token,
            "ca.crt": self._endpoint.ca_pem,
            "namespace": self._endpoint.namespace,
        }
        return self._mount(SERVICE_ACCOUNT_FOLDER + "/", files)

    def _mount(self, path: str, files: dict[str, str]) -> dict[str, str]:
        for name, text in files.items():
            (self._folder / name).write_text(text)
        return {os.path.dirname(path): str(self._folder)}
