"""Where a subject finds the API server, and as whom it comes."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API server and credentials for it.

    Args:
        host: Name or address that the server's certificate is for.
        port: Port.
        ca_pem: The authority that signed the certificate.
        token: Bearer token of the subject's ServiceAccount.
        namespace: The subject's own namespace.
    """

    host: str
    port: int
    ca_pem: str
    token: str
    namespace: str = "default"

    @property
    def url(self) -> str:
        """The server's address."""
        return f"https://{self.host}:{self.port}"

    def kubeconfig(self) -> str:
        """A kubeconfig for it; JSON is YAML."""
        authority = base64.b64encode(self.ca_pem.encode()).decode()
        cluster = {"server": self.url, "certificate-authority-data": authority}
        context = {"cluster": "harness", "user": "subject", "namespace": self.namespace}
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "harness", "cluster": cluster}],
                "users": [{"name": "subject", "user": {"token": self.token}}],
                "contexts": [{"name": "harness", "context": context}],
                "current-context": "harness",
            },
            indent=1,
        )
