"""A kind cluster for tests of its parts, and the operator in it as a Deployment behind the proxy.

pytest-kind's options choose the cluster (`--cluster-name --keep-cluster --kind-image ...`). Where
Docker, kind or the images are missing, the tests are skipped with the reason.
"""

from __future__ import annotations

import runpy
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.middleware import FaultPlane
from harness.apiserver.requests import Object
from harness.client import Client
from harness.client.http_transport import HttpTransport
from harness.client.resources import NAMESPACES
from harness.clusters.access import read_kubeconfig
from harness.clusters.authorship import Authorship
from harness.clusters.installing import ready_to_install
from harness.clusters.kind import (
    KindHandle,
    KindNodes,
    KindOptions,
    PodRoute,
    kind_cluster,
    missing_for_kind,
)
from harness.clusters.kind.commands import CommandFailed, run
from harness.clusters.kind.images import build_images, given_base_image, load_images
from harness.clusters.proxy import Gateway, Line, proxy_to
from harness.clusters.proxy.upstream import Upstream
from harness.scenario.loader import read_manifests
from harness.scenario.settings import find_settings
from harness.simulation.clock import real_clock
from harness.simulation.records import Record, Recorder
from harness.subjects.deployment import DeploymentSpec, DeploymentSubject

ROOT = Path(__file__).parents[2]
NAMESPACE, OPERATOR = "ai-system", "ai-operator"
USER = f"system:serviceaccount:{NAMESPACE}:{OPERATOR}"
ACTOR = "subject:operator"
#: Of these the first that Docker has; none is fetched by tests.
NODE_IMAGES = ("lab/kind-node:v1.37.2", "kindest/node:v1.34.0")
BASE_IMAGES = ("lab/python:3.11", "python:3.11-slim")


def local_image(given: str, candidates: tuple[str, ...]) -> str:
    """The image that was asked for, or the first that Docker has; skips when it has none."""
    for image in (given,) if given else candidates:
        try:
            run(["docker", "image", "inspect", image])
        except CommandFailed:
            continue
        return image
    pytest.skip(f"Docker has none of the images {', '.join((given,) if given else candidates)}")


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[KindHandle]:
    """One cluster for all tests of a session."""
    option = request.config.getoption
    found = KindOptions(kind_bin=option("kind_bin"), kubectl_bin=option("kind_kubectl_bin"))
    if missing := missing_for_kind(found):
        pytest.skip(missing)
    options = KindOptions(
        cluster_name=option("cluster_name"),
        keep_cluster=option("keep_cluster"),
        kind_bin=found.kind_bin,
        kubectl_bin=found.kubectl_bin,
        image=local_image(option("kind_image") or "", NODE_IMAGES),
    )
    with kind_cluster(options, tmp_path_factory.mktemp("harness")) as handle:
        yield handle


@pytest.fixture(scope="session")
def images(kind: KindHandle) -> list[str]:
    """The project's images, built and on the nodes."""
    base = local_image(given_base_image(), BASE_IMAGES)
    builds = find_settings(ROOT / "scenarios").image_builds(base)
    build_images(builds)
    tags = [build.tag for build in builds]
    load_images(tags, kind_bin=kind.kind_bin, cluster=kind.name, nodes=kind.nodes)
    return tags


@dataclass
class InKind:
    """A cluster as one case sees it, with the operator behind the proxy."""

    client: Client
    nodes: KindNodes
    faults: FaultPlane
    recorder: Recorder
    line: Line
    subject: DeploymentSubject

    def requests(self) -> list[Record]:
        """What the operator has asked for."""
        return [r for r in self.recorder.records if r.kind == "request" and r.actor == ACTOR]

    def events(self) -> list[str]:
        """What has happened to its process."""
        return [r.data["event"] for r in self.recorder.records if r.kind == "process"]


@asynccontextmanager
async def client_of(kind: KindHandle) -> AsyncIterator[tuple[Client, HttpTransport]]:
    """The cluster's administrator."""
    access = read_kubeconfig(kind.kubeconfig)
    transport = HttpTransport(access.url, token=access.token, tls=access.tls())
    async with transport:
        yield Client(transport, "harness"), transport


@asynccontextmanager
async def operator_in(kind: KindHandle, route: PodRoute) -> AsyncIterator[InKind]:
    """The operator, provisioned but not started; stopped at the end."""
    clock, faults = real_clock(), FaultPlane()
    recorder = Recorder(clock)
    async with AsyncExitStack() as stack:
        client, transport = await stack.enter_async_context(client_of(kind))
        upstream = Upstream(read_kubeconfig(kind.kubeconfig))
        gateway = Gateway(upstream, faults, recorder, Authorship())
        proxy = await stack.enter_async_context(proxy_to(gateway, route.place))
        line = proxy.admit_account(ACTOR, USER, client)
        for document in directed_to(route):
            await client.apply(document, manager="test", namespace=NAMESPACE)
        nodes = KindNodes(kind.nodes, client, clock)
        subject = DeploymentSubject(
            DeploymentSpec(deployment=OPERATOR, namespace=NAMESPACE),
            client=client,
            lines=transport.lines,
            recorder=recorder,
            clock=clock,
            line=line,
            containers=nodes,
        )
        stack.push_async_callback(subject.stop)
        yield InKind(client, nodes, faults, recorder, line, subject)


def directed_to(route: PodRoute) -> Iterator[Object]:
    """The operator's manifests, its Deployment at zero and sent to the proxy."""
    api_server = runpy.run_path(str(ROOT / "infra" / "api_server.py"))
    target = api_server["ApiServer"](route.host, str(route.port), route.ca_pem)
    paths = find_settings(ROOT / "scenarios").manifest_paths
    documents = [document for path in paths for document in read_manifests(path)]
    for document in ready_to_install(documents):
        if document["kind"] == "Deployment":
            yield {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": api_server["API_SERVER_CA"], "namespace": NAMESPACE},
                "data": {"ca.crt": route.ca_pem},
            }
            template = api_server["directed"](document["spec"]["template"], target)
            document = {**document, "spec": {**document["spec"], "replicas": 0}}
            document["spec"]["template"] = template
        yield document


@asynccontextmanager
async def namespace_in(client: Client, name: str) -> AsyncIterator[str]:
    """A namespace of one test."""
    document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, document)
    try:
        yield name
    finally:
        await client.delete(NAMESPACES, name)
