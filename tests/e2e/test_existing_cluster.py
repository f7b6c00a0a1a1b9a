"""Somebody's cluster: only what was asked for is changed, and what is theirs survives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from harness.apiserver.requests import Object
from harness.client.resources import (
    CONFIGMAPS,
    CRDS,
    DEPLOYMENTS,
    NAMESPACES,
    SECRETS,
    ResourceRef,
)
from harness.clusters.control_plane_programs import missing_programs
from harness.clusters.real import RealCluster
from harness.report.journal import read_journal
from harness.subjects.spec import SubjectSpec
from tests.support.command import ROOT, Done, Project, scenario
from tests.support.somebodys import CONTEXT, LIMITED, Somebodys, somebodys_cluster

MISSING = missing_programs()
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

DEFINITION = ROOT / "operator" / "manifests" / "crd.yaml"
NAME = "aiservices.example.com"
LOSE = """
  - name: lose
    faults:
    - {name: lose, deleteObject: {select: {ownedBy: service, kinds: [Deployment]}}}
    expect: {within: 60s, stableFor: 2s, all: [cel: workload.status.readyReplicas == 1], quiet: {}}
"""
CRASH = """
  - name: crash
    faults:
    - {name: crash, operatorCrash: {restartAfter: 1s}}
    expect: {within: 60s, all: [cel: workload.status.readyReplicas == 1]}
"""
COUNT_REQUESTS = LOSE.replace("quiet: {}", "requests: {total: 1000}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Somebodys]:
    """One for all tests, with something in it that is nobody's business."""
    with somebodys_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.do(_settle)
        yield cluster


async def _settle(real: RealCluster) -> None:
    await real.client.create(NAMESPACES, {"metadata": {"name": "theirs"}})
    secret = {"metadata": {"name": "password"}, "stringData": {"password": "hunter2"}}
    await real.client.create(SECRETS, secret, "theirs")


@pytest.fixture
def definition(cluster: Somebodys) -> Iterator[None]:
    """The operator's definition is installed, as its owner does it."""
    (document,) = YAML(typ="safe", pure=True).load_all(DEFINITION.read_text())
    cluster.do(lambda real: real.install([document]))
    yield
    cluster.do(lambda real: real.client.delete(CRDS, NAME))


def run(project: Project, cluster: Somebodys, *words: str) -> Done:
    where = ("--cluster", "existing", "--kubeconfig", str(cluster.kubeconfig))
    return project.run("run", *where, "--seed", "1", "--timeout-scale", "2", *words)


def lines(project: Project) -> list[dict[str, Any]]:
    """The journal of the only case."""
    (journal,) = (project.folder / ".harness/last").glob("*/journal.ndjson")
    return list(read_journal(journal))


def verdicts(project: Project) -> list[str]:
    return [result["verdict"] for result in project.results()]


def test_what_is_missing_is_told_and_nothing_is_changed(cluster: Somebodys, tmp_path: Path) -> None:
    done = run(Project.make(tmp_path, lose=scenario("lose", LOSE)), cluster)
    assert done.code == 2, done
    assert f"lacks what the project's manifests describe: CustomResourceDefinition/{NAME};" in str(
        done
    )
    assert cluster.do(lambda real: real.client.find(CRDS, NAME)) is None


def test_an_operator_as_a_process_passes_and_only_its_namespaces_are_in_the_journal(
    cluster: Somebodys, tmp_path: Path
) -> None:
    project = Project.make(tmp_path, lose=scenario("lose", LOSE))
    done = run(project, cluster, "--apply-manifests")
    assert done.code == 0, done
    assert f"created CustomResourceDefinition/{NAME}" in done.output
    objects = [line for line in lines(project) if line["kind"] == "object"]
    assert {line["namespace"] for line in objects} <= {"", "lose-" + _digest(project), "default"}
    assert not [line for line in objects if line["object_kind"] == "Secret"]
    (result,) = project.results()
    assert "--cluster existing --timeout-scale 2 --kubeconfig" in result["replay"]
    assert cluster.do(lambda real: real.client.find(SECRETS, "password", "theirs")) is not None
    assert cluster.do(lambda real: real.client.find(CRDS, NAME)) is not None  # it stays
    again = run(project, cluster, "--apply-manifests", "--name", "no-such")
    assert again.code == 5, again
    cluster.do(lambda real: real.client.delete(CRDS, NAME))


def _digest(project: Project) -> str:
    from harness.scenario.loader import load_file

    (case,) = load_file(project.folder / "scenarios/lose.yaml")
    return case.namespace.removeprefix("lose-")


@pytest.mark.usefixtures("definition")
def test_a_definition_that_is_going_away_is_installed_when_it_has_gone(cluster: Somebodys) -> None:
    (document,) = YAML(typ="safe", pure=True).load_all(DEFINITION.read_text())

    async def again(real: RealCluster) -> tuple[str, Object]:
        before = await real.client.get(CRDS, NAME)
        await real.client.delete(CRDS, NAME)
        await real.install([document])
        return before["metadata"]["uid"], await real.client.get(CRDS, NAME)

    uid_before, definition = cluster.do(again)
    assert definition["metadata"]["uid"] != uid_before
    assert "deletionTimestamp" not in definition["metadata"]


@pytest.mark.usefixtures("definition")
def test_a_namespace_that_no_run_has_made_is_left_alone(cluster: Somebodys, tmp_path: Path) -> None:
    project = Project.make(tmp_path, lose=scenario("lose", LOSE))
    name = "lose-" + _digest(project)
    config = {"metadata": {"name": "precious"}}

    async def take(real: RealCluster) -> None:
        await real.client.create(NAMESPACES, {"metadata": {"name": name}})
        await real.client.create(CONFIGMAPS, config, name)

    cluster.do(take)
    done = run(project, cluster)
    assert done.code == 2, done
    assert f"namespace {name!r} exists and no run of the harness has made it" in done.error
    assert cluster.do(lambda real: real.client.find(CONFIGMAPS, "precious", name)) is not None

    async def give_back(real: RealCluster) -> None:
        await real.client.delete(NAMESPACES, name)
        while await real.client.find(NAMESPACES, name) is not None:
            await real.clock.sleep(0.1)

    cluster.do(give_back)


def test_a_context_that_does_not_look_disposable_is_refused(
    cluster: Somebodys, tmp_path: Path
) -> None:
    project = Project.make(tmp_path, lose=scenario("lose", LOSE))
    serious = tmp_path / "kubeconfig"
    serious.write_text(cluster.kubeconfig.read_text().replace(f'"{CONTEXT}"', '"production"'))
    where = ("run", "--cluster", "existing", "--kubeconfig", str(serious))
    done = project.run(*where)
    assert done.code == 2, done
    assert "context 'production'" in done.error
    assert "--allow-context production" in done.error
    allowed = project.run(*where, "--allow-context", "production")
    assert "does not look disposable" not in allowed.error
    assert "lacks what the project's manifests describe" in allowed.error


CLUSTER_ROLES = ResourceRef(
    "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False
)
CLUSTER_ROLE_BINDINGS = ResourceRef(
    "rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False
)
#: Beside what everybody with the role `edit` may, who may not list roles or nodes. The operator is
#: the same user, because the project names no Deployment with an account.
RULES: list[Object] = [
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["*"]},
    {"apiGroups": ["example.com"], "resources": ["*"], "verbs": ["*"]},
    {"apiGroups": ["apps"], "resources": ["controllerrevisions"], "verbs": ["*"]},
    {"apiGroups": [CRDS.group], "resources": [CRDS.plural], "verbs": ["get", "list", "watch"]},
]


async def _permit(real: RealCluster) -> None:
    metadata, user = {"name": LIMITED}, {"kind": "User", "name": LIMITED}
    await real.client.create(CLUSTER_ROLES, {"metadata": metadata, "rules": RULES})
    for role in (LIMITED, "edit"):
        reference = {"apiGroup": CLUSTER_ROLES.group, "kind": CLUSTER_ROLES.kind, "name": role}
        document = {"metadata": {"name": f"{LIMITED}-{role}"}, "subjects": [user]}
        await real.client.create(CLUSTER_ROLE_BINDINGS, {**document, "roleRef": reference})


@pytest.mark.usefixtures("definition")
def test_few_rights_are_enough_and_what_may_not_be_listed_is_warned_of_once(
    cluster: Somebodys, tmp_path: Path
) -> None:
    project = Project.make(tmp_path, lose=scenario("lose", LOSE))
    cluster.do(_permit)
    where = ("run", "--cluster", "existing", "--kubeconfig", str(cluster.limited))
    done = project.run(*where, "--timeout-scale", "2")
    assert done.code == 0, done
    warned = [line["message"] for line in lines(project) if line.get("level") == "WARNING"]
    forbidden = [message.partition(" ")[0] for message in warned]
    assert {"nodes", "clusterroles", "roles"} <= set(forbidden)
    assert len(forbidden) == len(set(forbidden))


# The operator stays where it runs


def _deployment(replicas: int) -> Object:
    labels = {"app": "ai-operator"}
    container = {"name": "operator", "image": "ai-operator:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "metadata": {"name": "ai-operator"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


@pytest.fixture
def running(cluster: Somebodys, definition: None) -> Iterator[None]:
    """An operator in the cluster, started by hand; its pod is data, as all pods there."""

    async def start(real: RealCluster) -> None:
        await real.client.create(DEPLOYMENTS, _deployment(1), "default")
        spec = SubjectSpec(module="aiservice_operator.handlers", service_account="")
        await real.start_subject(spec)

    async def stop(real: RealCluster) -> None:
        await real.subjects.pop("operator").stop()
        await real.client.delete(DEPLOYMENTS, "ai-operator", "default")

    cluster.do(start)
    yield
    cluster.do(stop)


def _in_cluster(tmp_path: Path, more: str) -> Project:
    project = Project.make(tmp_path, lose=scenario("lose", more))
    settings = project.folder / "pyproject.toml"
    settings.write_text(settings.read_text() + 'deployment = "ai-operator"\n')
    return project


@pytest.mark.usefixtures("running")
def test_an_operator_that_runs_there_is_left_there(cluster: Somebodys, tmp_path: Path) -> None:
    project = _in_cluster(tmp_path, LOSE + CRASH)
    done = run(project, cluster, "--operator", "deployment")
    assert done.code == 0, done
    written = [line for line in lines(project) if line["kind"] == "object"]
    own = [line for line in written if line["actor"] == "subject:operator"]
    assert own  # inferred from its field manager
    assert {line["certainty"] for line in own} == {"inferred"}
    events = [line["event"] for line in lines(project) if line["kind"] == "process"]
    assert events == ["started", "crashed", "started"]
    left = cluster.do(lambda real: real.client.get(DEPLOYMENTS, "ai-operator", "default"))
    assert left["spec"]["replicas"] == 1


@pytest.mark.usefixtures("running")
def test_requests_that_nobody_saw_are_inconclusive(cluster: Somebodys, tmp_path: Path) -> None:
    project = _in_cluster(tmp_path, COUNT_REQUESTS)
    done = run(project, cluster, "--operator", "deployment")
    assert done.code == 3, done
    assert verdicts(project) == ["Inconclusive"]
    assert "requests cannot be counted" in done.output


@pytest.mark.usefixtures("running")
def test_two_operators_do_not_fight(cluster: Somebodys, tmp_path: Path) -> None:
    project = _in_cluster(tmp_path, LOSE)
    manifest = tmp_path / "operator.yaml"
    document = {"apiVersion": "apps/v1", "kind": "Deployment", **_deployment(1)}
    manifest.write_text(json.dumps(document))
    settings = project.folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace('["', f'["{manifest}", "'))
    done = run(project, cluster)
    assert done.code == 2, done
    assert "Deployment default/ai-operator runs in the cluster already" in done.error
