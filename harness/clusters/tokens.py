"""Tokens for subjects: a ServiceAccount's, by the TokenRequest API."""

from __future__ import annotations

from harness.client import Client
from harness.client.resources import SERVICE_ACCOUNTS
from harness.errors import UsageError


async def service_account_token(client: Client, name: str, namespace: str) -> str:
    """A token of a ServiceAccount, as the kubelet gets one for a pod.

    Raises:
        UsageError: There is no such account.
    """
    if await client.find(SERVICE_ACCOUNTS, name, namespace) is None:
        message = (
            f"the subject shall run as ServiceAccount {namespace}/{name}, which does not exist; "
            f"name the subject's Deployment in the settings and its manifests under manifests"
        )
        raise UsageError(message)
    path = SERVICE_ACCOUNTS.path(namespace, name, "token")
    # A year, as kube-apiserver extends the tokens of pods; a kubelet would renew it anyway.
    spec = {"expirationSeconds": 31_536_000}
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    response = await client.call("POST", path, document=request)
    token: str = response.document["status"]["token"]
    return token
