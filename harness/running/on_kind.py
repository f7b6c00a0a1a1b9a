"""A kind cluster for a whole run: created, provisioned, and gone afterwards.

    kind create > images built and loaded > pulumi up (or manifests) > cases > destroy

What can fail early fails early: programs, plugin and project settings are looked at before a
cluster is created.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.apiserver.requests import Object
from harness.clusters.offers import DEPLOYMENT
from harness.errors import UsageError
from harness.scenario.loader import read_manifests
from harness.scenario.plan import Plan
from harness.scenario.settings import Settings

from .place import Place

if TYPE_CHECKING:
    from harness.clusters.access import Access
    from harness.clusters.kind import KindHandle
    from harness.clusters.kind.pod_route import PodRoute
    from harness.clusters.site import Site

Tell = Callable[[str], None]

#: Where records of clusters are, so that `harness clean` finds them.
HOME = Path(".harness")


@contextlib.contextmanager
def kind_site(plans: Sequence[Plan], place: Place, logs: Path | None, tell: Tell) -> Iterator[Site]:
    """A kind cluster with the operator of these plans.

    Args:
        plans: What will be run; all of one project.
        place: Which kind cluster, and how the operator runs there.
        logs: Gets the stack's folder.
        tell: Called with each line of progress.

    Raises:
        UsageError: This machine cannot have one, or the plans are of several projects.
        InfrastructureError: It does not start.
    """
    from harness.clusters.access import read_kubeconfig
    from harness.clusters.kind import (
        build_images,
        given_base_image,
        kind_cluster,
        load_images,
    )
    from harness.clusters.kind.cluster import gateway_address
    from harness.clusters.kind.pod_route import pod_route
    from harness.clusters.kind.site import KindSite
    from harness.clusters.kind.volumes import has_volumes
    from harness.clusters.proxy.place import reserved_place

    settings = _one_project(plans)
    in_cluster = place.runs_operator_as == DEPLOYMENT
    with contextlib.ExitStack() as stack:
        provision = _provisioner(settings, place, in_cluster=in_cluster, tell=tell)
        tell(f"kind cluster {place.kind.cluster_name}")
        handle = stack.enter_context(kind_cluster(place.kind, HOME))
        access = read_kubeconfig(handle.kubeconfig, handle.context)
        builds = settings.image_builds(given_base_image(place.base_image))
        tell(f"images: {', '.join(build.tag for build in builds) or 'none'}")
        build_images(builds)
        tags = [build.tag for build in builds]
        load_images(tags, kind_bin=handle.kind_bin, cluster=handle.name, nodes=handle.nodes)
        route = None
        if in_cluster:
            reserved = stack.enter_context(reserved_place(gateway_address()))
            route = stack.enter_context(pod_route(handle, reserved))
        folder = stack_folder(HOME, handle.name, is_new=handle.created)
        provisioned = stack.enter_context(provision(access, handle, route, folder))
        where = route.place if route else None
        yield KindSite(handle, access, where, provisioned, has_volumes(handle))


def stack_folder(home: Path, cluster: str, *, is_new: bool) -> Path:
    """Where a cluster's stack keeps its state: not in the report, because it holds credentials.

    A state that is there before its cluster is of an earlier one under that name, and tells of
    objects that are gone; `up` would not make them again.
    """
    folder = (home / "stacks" / cluster).absolute()
    if is_new and folder.exists():
        shutil.rmtree(folder)
    return folder


Provision = Callable[
    ["Access", "KindHandle", "PodRoute | None", Path],
    contextlib.AbstractContextManager[bool],
]


def _one_project(plans: Sequence[Plan]) -> Settings:
    if not plans:  # tests that bring everything themselves
        return Settings()
    found = plans[0].settings
    for plan in plans:
        if plan.settings != found:
            raise UsageError(
                f"{plan.case.file} and {plans[0].case.file} belong to different projects, and one "
                "kind cluster has one operator; run them one after the other"
            )
    return found


def _provisioner(settings: Settings, place: Place, *, in_cluster: bool, tell: Tell) -> Provision:
    """How the cluster gets what the operator needs: by its stack, or else by its manifests."""
    from harness.clusters.stack import choose_plugin, missing_for_stack, provisioned
    from harness.clusters.stack.records import recorded

    program = settings.stack_program
    if program is None:
        return _by_manifests(settings)
    named = str(place.pulumi_plugin or "")
    plugin = choose_plugin(named, tell=tell)
    if missing := missing_for_stack(named):
        raise UsageError(f"--cluster kind: {missing}")

    @contextlib.contextmanager
    def by_stack(
        access: Access, handle: KindHandle, route: PodRoute | None, folder: Path
    ) -> Iterator[bool]:
        # With no pods: a case starts them, when somebody listens where they look for the API.
        config = {"replicas": "0"}
        if route is not None:
            config |= {
                "apiServerHost": route.host,
                "apiServerPort": str(route.port),
                "apiServerCa": route.ca_pem,
            }
        with (
            recorded(folder, program, plugin),
            provisioned(
                program,
                folder,
                kubeconfig=access.kubeconfig(),
                plugin=plugin,
                config=config,
                keep=handle.created and not place.kind.keep_cluster,  # it goes with the cluster
                tell=tell,
            ),
        ):
            yield True

    return by_stack


def _by_manifests(settings: Settings) -> Provision:
    """The manifests; a Deployment in the cluster is led to the proxy, and has no pods yet."""

    @contextlib.contextmanager
    def provision(
        access: Access, handle: KindHandle, route: PodRoute | None, folder: Path
    ) -> Iterator[bool]:
        from harness.clusters.kind.routing import routed

        if route is None:
            yield False  # each case applies them
            return
        documents = [item for path in settings.manifest_paths for item in read_manifests(path)]
        asyncio.run(_apply(access, routed(documents, settings.subject.deployment, route)))
        yield True

    return provision


async def _apply(access: Access, documents: Sequence[Object]) -> None:
    from harness.client import Client
    from harness.client.http_transport import HttpTransport
    from harness.clusters.installing import ready_to_install
    from harness.clusters.simulated import MANAGER

    async with HttpTransport(access.url, token=access.token, tls=access.tls()) as transport:
        client = Client(transport, "harness")
        for document in ready_to_install(documents):
            await client.apply(document, manager=MANAGER, namespace="default")
