"""What each namespace gets: the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.

Both are made when the namespace appears and again when someone deletes or changes them (upstream
`serviceaccounts_controller.go`, `publisher.go`).
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import CONFIGMAPS, NAMESPACES, SERVICE_ACCOUNTS
from harness.client.watching import Key, key_of

from .controller import ControllerContext, KeyController
from .objects import is_terminating

DEFAULT = "default"
ROOT_CA = "kube-root-ca.crt"
DESCRIPTION = "kubernetes.io/description"
_DESCRIPTION_TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
    "guaranteed across distributions of Kubernetes clusters."
)


class ServiceAccountController(KeyController):
    """Keeps the ServiceAccount `default` in each namespace."""

    name = "serviceaccount"
    component = "serviceaccount-controller"
    primary = NAMESPACES

    def setup(self) -> None:
        """Follow namespaces, and accounts that go."""
        self._namespaces = self.follow_primary()
        self._accounts = self.informer(SERVICE_ACCOUNTS)
        self._accounts.on_change(self._account_changed)

    def _account_changed(self, before: Object | None, after: Object | None) -> None:
        if before is not None and after is None and key_of(before)[1] == DEFAULT:
            self.enqueue(("", key_of(before)[0]))

    async def sync(self, item: Key) -> None:
        """Create the account when it is missing."""
        namespace = self._namespaces.objects.get(item)
        if namespace is None or is_terminating(namespace):
            return
        if self._accounts.get(DEFAULT, item[1]) is not None:
            return
        account = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": DEFAULT, "namespace": item[1]},
        }
        try:
            await self.client.create(SERVICE_ACCOUNTS, account, item[1])
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise


class RootCaPublisher(KeyController):
    """Keeps the ConfigMap with the cluster's CA in each namespace.

    Args:
        context: The API, time and chance.
        certificates: The CA bundle, PEM.
    """

    name = "root-ca"
    component = "root-ca-cert-publisher"
    primary = NAMESPACES

    def __init__(self, context: ControllerContext, certificates: str) -> None:
        self._data = {"ca.crt": certificates}
        super().__init__(context)

    def setup(self) -> None:
        """Follow namespaces, and changes of the ConfigMap."""
        self._namespaces = self.follow_primary()
        self._configmaps = self.informer(CONFIGMAPS)
        self._configmaps.on_change(self._configmap_changed)

    def _configmap_changed(self, before: Object | None, after: Object | None) -> None:
        if before is not None and key_of(before)[1] == ROOT_CA:
            self.enqueue(("", key_of(before)[0]))

    async def sync(self, item: Key) -> None:
        """Create the ConfigMap, or put its content back."""
        namespace = self._namespaces.objects.get(item)
        if namespace is None or is_terminating(namespace):
            return
        known = self._configmaps.get(ROOT_CA, item[1])
        if known is None:
            await self._create(item[1])
        elif known.get("data") != self._data:
            await self.client.update(CONFIGMAPS, {**known, "data": self._data})

    async def _create(self, namespace: str) -> None:
        configmap = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": ROOT_CA,
                "namespace": namespace,
                "annotations": {DESCRIPTION: _DESCRIPTION_TEXT},
            },
            "data": self._data,
        }
        try:
            await self.client.create(CONFIGMAPS, configmap, namespace)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
