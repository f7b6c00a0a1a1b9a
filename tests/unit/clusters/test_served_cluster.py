"""The served cluster in this process: subjects have listeners and tokens of their own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.clusters.served import ServedCluster
from harness.clusters.simulated import SimulationOptions
from harness.errors import InfrastructureError, UsageError
from harness.simulation.records import Record
from harness.subjects.spec import SubjectSpec

#: Asks for its own ConfigMap once and ends; it knows nothing but KUBECONFIG.
PROGRAM = """
import base64, json, os, ssl, urllib.request
config = json.load(open(os.environ["KUBECONFIG"]))
cluster = config["clusters"][0]["cluster"]
ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
request = urllib.request.Request(
    cluster["server"] + "/api/v1/namespaces/default/configmaps/mine",
    headers={"authorization": "Bearer " + config["users"][0]["user"]["token"]},
)
handler = urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=ca))
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
try:
    print(opener.open(request).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


def with_cluster(body: Callable[[ServedCluster], Awaitable[None]], **options: Any) -> list[Record]:
    """Run `body(cluster)` on a served cluster; its records."""
    records: list[Record] = []

    async def main() -> None:
        made_of = SimulationOptions(nodes=0, **options)
        async with ServedCluster(made_of, seed=1, follower=records.append) as cluster:
            await body(cluster)

    asyncio.run(main())
    return records


def subject(service_account: str = "", *command: str) -> SubjectSpec:
    """The program as a subject."""
    chosen = command or (sys.executable, "-c", PROGRAM)
    return SubjectSpec(name="mine", command=chosen, service_account=service_account)


async def run_to_its_end(cluster: ServedCluster, spec: SubjectSpec) -> None:
    """Start a subject and wait until it has ended."""
    started = await cluster.start_subject(spec)
    await started.wait()


def test_requests_of_a_subject_carry_its_name_in_the_journal() -> None:
    records = with_cluster(lambda cluster: run_to_its_end(cluster, subject()))
    asked = [r for r in records if r.kind == "request" and r.actor == "subject:mine"]
    assert [record.data["verb"] for record in asked] == ["get"]
    log = [r.data["message"] for r in records if r.kind == "log" and r.actor == "subject:mine"]
    assert log == ["404"]  # cluster-admin may ask, and there is none


def test_a_subject_acts_as_its_service_account() -> None:
    async def body(cluster: ServedCluster) -> None:
        meta = {"name": "poor", "namespace": "default"}
        await cluster.install([{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}])
        await run_to_its_end(cluster, subject("poor"))

    records = with_cluster(body)
    log = [r.data["message"] for r in records if r.kind == "log" and r.actor == "subject:mine"]
    assert log == ["403"]


def test_a_module_is_refused_with_the_command_to_write() -> None:
    with pytest.raises(UsageError, match="name a command, such as 'kopf run"):
        with_cluster(lambda cluster: run_to_its_end(cluster, SubjectSpec(module="my.handlers")))


def test_two_subjects_of_one_name_are_refused() -> None:
    async def body(cluster: ServedCluster) -> None:
        await run_to_its_end(cluster, subject())
        await run_to_its_end(cluster, subject())

    with pytest.raises(InfrastructureError, match="'mine' runs already; rename one"):
        with_cluster(body)


def test_the_subjects_own_deployment_is_not_created() -> None:
    def deployment(name: str) -> Object:
        template = {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": "x"}]},
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, "template": template},
        }

    async def body(cluster: ServedCluster) -> None:
        await cluster.install([deployment("operator"), deployment("other")])
        path = "/apis/apps/v1/namespaces/default/deployments"
        found = (await cluster.client.call("GET", path)).document
        assert [item["metadata"]["name"] for item in found["items"]] == ["other"]

    with_cluster(body, replaced_deployments=frozenset({"operator"}))


def test_the_kubeconfig_is_removed_at_the_end_even_after_an_error(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"

    async def main() -> None:
        async with ServedCluster(SimulationOptions(nodes=0), kubeconfig=kubeconfig):
            assert json.loads(kubeconfig.read_text())["users"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())
    assert not kubeconfig.exists()


def test_tokens_and_identifiers_differ_between_servers_without_a_seed() -> None:
    async def uid() -> str:
        async with ServedCluster(SimulationOptions(nodes=0)) as cluster:
            found = await cluster.client.call("GET", "/api/v1/namespaces/default")
            return str(found.document["metadata"]["uid"])

    assert asyncio.run(uid()) != asyncio.run(uid())
