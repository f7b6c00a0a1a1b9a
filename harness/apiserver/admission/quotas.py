"""ResourceQuota: a write that would use more than a quota allows is refused; else it is charged.

What is allowed and used is read from the status, which the quota controller keeps: a quota that it
has not seen yet bounds nothing. A write that is allowed raises `status.used` in the same instant,
so two writes can never share the last free place; what a deletion frees comes back through the
controller. Source: Kubernetes "Resource Quotas"; k8s.io/apiserver
`pkg/admission/plugin/resourcequota`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .. import documents, fields
from ..parameters import is_dry_run
from ..requests import Object, Request
from ..resource import Resource
from ..schema.quantity import parse
from ..state import ServerState
from ..store import Version
from . import usage
from .lookups import refused, stored_in

QUOTAS = ("", "resourcequotas")
#: In whose name usage is charged.
ACTOR = "apiserver"
MANAGER = "kube-apiserver"
#: Kinds of which a change can use more; of all others only a creation does.
_CHANGING = (usage.CLAIMS, usage.SERVICES)


class QuotaAdmission:
    """The plugin; it judges and charges.

    Args:
        state: Where quotas are kept.
    """

    def __init__(self, state: ServerState) -> None:
        self._state = state

    def __call__(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Refuse what exceeds a quota of its namespace, charge what does not.

        Raises:
            ApiError: 403.
        """
        if new is None or not resource.namespaced or _is_part(request):
            return
        if old is not None and resource.storage_key not in _CHANGING:
            return
        namespace = new["metadata"].get("namespace", "")
        quotas = list(stored_in(self._state, QUOTAS, namespace))
        if quotas:
            self._check(request, resource, new, old, quotas)

    def _check(
        self,
        request: Request,
        resource: Resource,
        new: Object,
        old: Object | None,
        quotas: Iterable[Version],
    ) -> None:
        key = resource.storage_key
        asked = usage.usage(key, new)
        if old is not None:
            asked = usage.difference(asked, usage.usage(key, old))
        charges: list[tuple[Version, usage.Amounts]] = []
        for quota in quotas:
            if not usage.in_scopes(quota.document, key, new):
                continue
            _check_known(resource, new, quota.document, asked)
            charge = _allowed(resource, new, quota.document, asked)
            if charge:
                charges.append((quota, charge))
        if not is_dry_run(request):
            for quota, charge in charges:
                self._charge(request, quota, charge)

    def _charge(self, request: Request, quota: Version, charge: usage.Amounts) -> None:
        resource = self._state.registry.of_kind("v1", "ResourceQuota")
        assert resource is not None, "a stored quota has a served kind"
        document: Object = documents.copy(quota.document)
        used = document["status"].get("used") or {}
        document["status"]["used"] = dict(sorted({**used, **charge}.items()))
        writer = Request("PUT", "", actor=ACTOR, bypass=True, seq=request.seq)
        document = fields.track(
            self._state.clock,
            writer,
            resource,
            quota.document,
            document,
            subresource="status",
            manager=MANAGER,
        )
        self._state.commit(writer, resource, "MODIFIED", document)


def _is_part(request: Request) -> bool:
    return request.info is not None and bool(request.info.subresource)


def _bounds(quota: Object) -> Mapping[str, str]:
    bounds: Mapping[str, str] = (quota.get("status") or {}).get("hard") or {}
    return bounds


def _used(quota: Object) -> Mapping[str, str]:
    used: Mapping[str, str] = (quota.get("status") or {}).get("used") or {}
    return used


def _check_known(resource: Resource, new: Object, quota: Object, asked: usage.Amounts) -> None:
    """A pod says what is bounded, and the quota knows what is used of it."""
    name = quota["metadata"]["name"]
    if resource.storage_key == usage.PODS:
        missing = usage.unsaid(new, _bounds(quota))
        if missing:
            raise refused(resource, new, f"failed quota: {name}: must specify {missing}")
    unknown = [
        each for each in sorted(asked) if each in _bounds(quota) and each not in _used(quota)
    ]
    if unknown:
        why = f"status unknown for quota: {name}, resources: {','.join(unknown)}"
        raise refused(resource, new, why)


def _allowed(resource: Resource, new: Object, quota: Object, asked: usage.Amounts) -> usage.Amounts:
    """The used amounts that change with a write.

    Raises:
        ApiError: 403 when they would be more than allowed.
    """
    bounds, used = _bounds(quota), _used(quota)
    wanted = {name: text for name, text in asked.items() if name in bounds and parse(text)}
    after = {
        name: usage.summed([{name: used[name]}, {name: wanted[name]}])[name] for name in wanted
    }
    exceeded = [
        name
        for name in sorted(wanted)
        if parse(wanted[name]) > 0 and parse(after[name]) > parse(bounds[name])
    ]
    if exceeded:
        why = (
            f"exceeded quota: {quota['metadata']['name']}, requested: {_shown(wanted, exceeded)}, "
            f"used: {_shown(used, exceeded)}, limited: {_shown(bounds, exceeded)}"
        )
        raise refused(resource, new, why)
    return after


def _shown(amounts: Mapping[str, str], names: Iterable[str]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in names)
