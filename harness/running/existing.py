"""Somebody's cluster before the first case: is it meant, and is all there that the cases need?

    context guarded > answers? > namespaces free? > operator and manifests there? > cases

Nothing is changed that was not asked for. With `--apply-manifests` the project's manifests are
applied, without taking fields from others, and stay; each object is told. Otherwise what is missing
is told, all at once, and nothing runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, KindRef, ResourceRef
from harness.client.resources import CRDS, DEPLOYMENTS, NAMESPACES
from harness.clusters.access import Access, read_kubeconfig
from harness.clusters.guard import check_context
from harness.clusters.installing import ready_to_install
from harness.clusters.namespaces import check_ours
from harness.clusters.offers import DEPLOYMENT, PROCESS
from harness.clusters.ownership import Run
from harness.controllers.objects import condition_is_true
from harness.errors import InfrastructureError, UsageError
from harness.faults.undo_records import remove_namespace_if_empty
from harness.scenario.loader import read_manifests
from harness.scenario.plan import Plan

from .operators import operators
from .place import Place

if TYPE_CHECKING:
    from harness.clusters.site import Site

Tell = Callable[[str], None]

STORAGE_CLASSES = ResourceRef("storage.k8s.io", "v1", "storageclasses", "StorageClass", False)
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_MANAGER = "operator-harness"
_WAIT_SECONDS = 0.2
_WAITS_MAX = 150


@contextlib.contextmanager
def existing_site(
    plans: Sequence[Plan], place: Place, logs: Path | None, tell: Tell
) -> Iterator[Site]:
    """The cluster of a kubeconfig's context.

    Args:
        plans: What will be run; may be empty, for tests that bring everything themselves.
        place: Which context, and how the operator runs there.
        logs: Not needed.
        tell: Called with each line of what is applied.

    Raises:
        UsageError: It does not look disposable, or lacks what the plans need.
        InfrastructureError: It does not answer.
    """
    from harness.clusters.existing import ExistingSite

    access = read_kubeconfig(place.kubeconfig, place.context)
    check_context(access.context, access.url, place.allowed_contexts)
    capabilities = asyncio.run(_prepare(access, plans, place, tell))
    try:
        yield ExistingSite(access, capabilities, operator=place.runs_operator_as)
    finally:
        asyncio.run(_leave(access))


async def _leave(access: Access) -> None:
    """The namespace of undo records goes, when it is empty; a cluster that is gone keeps it."""
    from harness.client.http_transport import HttpTransport

    async with HttpTransport(access.url, token=access.token, tls=access.tls()) as transport:
        with contextlib.suppress(ApiError, ConnectionError):
            await remove_namespace_if_empty(Client(transport, _MANAGER))


async def _prepare(
    access: Access, plans: Sequence[Plan], place: Place, tell: Tell
) -> frozenset[str]:
    from harness.client.http_transport import HttpTransport

    transport = HttpTransport(access.url, token=access.token, tls=access.tls())
    async with transport:
        preparation = Preparation(Client(transport, _MANAGER), place, tell)
        try:
            return await preparation.run(plans)
        except ConnectionError as error:
            raise InfrastructureError(f"context {access.context!r}: {error}") from None
        except ApiError as error:
            raise InfrastructureError(f"context {access.context!r} answers: {error}") from None


class Preparation:
    """Looks whether a cluster has what plans need.

    Args:
        client: Straight to it.
        place: How the operator runs, and whether manifests may be applied.
        tell: Called with each line of what is applied.
    """

    def __init__(self, client: Client, place: Place, tell: Tell) -> None:
        self._client = client
        self._place = place
        self._tell = tell

    async def run(self, plans: Sequence[Plan]) -> frozenset[str]:
        """Check everything; returns the cluster's capabilities.

        Raises:
            UsageError: Something is in the way, or missing.
        """
        for name in dict.fromkeys(plan.case.namespace for plan in plans):
            found = await self._client.find(NAMESPACES, name)
            if found is not None:
                check_ours(found, Run.begin())
        seen: list[object] = []
        for plan in plans:
            if plan.settings not in seen:
                seen.append(plan.settings)
                await self._check_project(plan)
        return await self._capabilities()

    async def _check_project(self, plan: Plan) -> None:
        settings = plan.settings
        paths = settings.manifest_paths
        manifests = [document for path in paths for document in read_manifests(path)]
        own = settings.subject.deployment
        if self._place.runs_operator_as == DEPLOYMENT:
            (spec,) = operators(settings, manifests, in_cluster=True)
            await self._check_runs(spec.deployment, spec.namespace)
            return
        for spec in operators(settings, manifests)[:1]:
            await self._check_runs_not(own, spec.namespace)
        needed = [
            document
            for document in ready_to_install(manifests)
            if (document["kind"], document["metadata"]["name"]) != ("Deployment", own)
        ]
        if self._place.apply_manifests:
            await self._apply(needed)
        else:
            await self._check_there(needed)

    async def _check_runs(self, name: str, namespace: str) -> None:
        found = await self._client.find(DEPLOYMENTS, name, namespace)
        if found is None or not found["spec"].get("replicas", 1):
            state = "is scaled to zero" if found else "does not exist"
            raise UsageError(
                f"the operator is to run as Deployment {namespace}/{name}, which {state}; install "
                f"it, or write --operator {PROCESS}"
            )

    async def _check_runs_not(self, name: str, namespace: str) -> None:
        found = await self._client.find(DEPLOYMENTS, name, namespace) if name else None
        if found is not None and found["spec"].get("replicas", 1):
            raise UsageError(
                f"Deployment {namespace}/{name} runs in the cluster already, and two operators "
                f"would fight; write --operator {DEPLOYMENT} to test that one, or scale it to 0 "
                "for the time of the run"
            )

    async def _check_there(self, documents: Sequence[Object]) -> None:
        missing = [_name(one) for one in documents if await self._find(one) is None]
        if missing:
            raise UsageError(
                f"the cluster lacks what the project's manifests describe: {', '.join(missing)}; "
                "apply it as you do usually, or write --apply-manifests, and it stays there"
            )

    async def _find(self, document: Object) -> Object | None:
        meta = document["metadata"]
        try:
            kind = KindRef(document["apiVersion"], document["kind"])
            resource = await self._client.resource(kind)
        except LookupError:
            return None
        return await self._client.find(resource, meta["name"], meta.get("namespace", "default"))

    async def _apply(self, documents: Sequence[Object]) -> None:
        for document in documents:
            before = await self._find(document)
            try:
                after = await self._client.apply(
                    document, manager=_MANAGER, force=False, namespace="default"
                )
            except ApiError as error:
                raise UsageError(
                    f"--apply-manifests: {_name(document)}: {error}; what others have set is not "
                    "overwritten, so apply it yourself"
                ) from None
            if document["kind"] == CRDS.kind:
                await self._wait_until_served(document["metadata"]["name"])
            self._tell(f"{_what_happened(before, after)} {_name(document)}")

    async def _wait_until_served(self, name: str) -> None:
        for _ in range(_WAITS_MAX):
            if condition_is_true(await self._client.get(CRDS, name), "Established"):
                return
            await asyncio.sleep(_WAIT_SECONDS)
        raise InfrastructureError(f"CustomResourceDefinition/{name} is not served")

    async def _capabilities(self) -> frozenset[str]:
        """Claims get volumes where a StorageClass is the default; who may not look has none."""
        try:
            classes = await self._client.list_objects(STORAGE_CLASSES)
        except ApiError:
            return frozenset({"programs"})
        annotations = [one["metadata"].get("annotations") or {} for one in classes]
        is_default = any(each.get(_DEFAULT_CLASS) == "true" for each in annotations)
        return frozenset({"programs", "volumes"} if is_default else {"programs"})


def _name(document: Object) -> str:
    meta = document["metadata"]
    where = f" in {meta['namespace']}" if "namespace" in meta else ""
    return f"{document['kind']}/{meta['name']}{where}"


def _what_happened(before: Object | None, after: Object) -> str:
    if before is None:
        return "created"
    versions = [one["metadata"]["resourceVersion"] for one in (before, after)]
    return "unchanged" if versions[0] == versions[1] else "changed"
