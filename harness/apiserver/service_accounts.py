"""Admission of pods: the ServiceAccount that a pod shall run as must exist.

So a stack that forgot to create the account is found here, as on a real cluster; and in a new
namespace pods wait for the controller that makes the account `default`.
Source: Kubernetes admission controller "ServiceAccount".
"""

from __future__ import annotations

from .requests import Object, Request
from .resource import Resource
from .state import ServerState
from .status import forbidden

PODS = ("", "pods")
SERVICE_ACCOUNTS = ("", "serviceaccounts")


class ServiceAccountCheck:
    """Refuses new pods of accounts that are not there.

    Args:
        state: Where accounts are looked up.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def __call__(
        self, request: Request, resource: Resource, new: Object, old: Object | None
    ) -> None:
        """Refuse a pod whose account does not exist.

        Raises:
            ApiError: 403.
        """
        if resource.storage_key != PODS or old is not None:
            return
        meta = new["metadata"]
        namespace = meta.get("namespace", "")
        account = new["spec"].get("serviceAccountName") or "default"
        accounts = self._state.store.collection(SERVICE_ACCOUNTS)
        if accounts.get((namespace, account)) is None:
            missing = f'serviceaccount "{account}" not found'
            why = f"error looking up service account {namespace}/{account}: {missing}"
            # Upstream asks before the name is generated.
            name = meta["generateName"] if request.generated_name else meta.get("name", "")
            raise forbidden(f'pods "{name}" is forbidden: {why}', "pods", name)
