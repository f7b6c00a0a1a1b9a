"""The stack by a real engine on a real control plane: up, drift, refresh, upgrade, destroy.

Where Pulumi's Kubernetes plugin is not installed the stand-in of `standin/` takes its place, which
the name of each test in the report says. The control plane has no kubelet: pods never run, and
nobody waits for them, except where a test adds a node that is ready and takes no pods.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.control_plane_programs import missing_programs
from harness.clusters.control_plane_start import ControlPlane, control_plane
from harness.clusters.stack import (
    Plugin,
    Stack,
    StackProgram,
    choose_plugin,
    missing_for_stack,
    preview,
    provisioned,
    stack_program,
)
from harness.clusters.stack.plugin import EXECUTABLE, find_plugin, wanted_version
from harness.errors import InfrastructureError
from tests.infra.rendered import API_SERVER, objects
from tests.infra.standin.access import Access, access

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
STAND_IN = "" if find_plugin() else str(ROOT / "tests" / "infra" / "standin")
MISSING = missing_for_stack(STAND_IN) or missing_programs()
OBJECTS = {
    "CustomResourceDefinition": ("apiextensions.k8s.io/v1", "", "aiservices.example.com"),
    "Namespace": ("v1", "", "ai-system"),
    "ServiceAccount": ("v1", "ai-system", "ai-operator"),
    "ClusterRole": ("rbac.authorization.k8s.io/v1", "", "ai-operator"),
    "ClusterRoleBinding": ("rbac.authorization.k8s.io/v1", "", "ai-operator"),
    "Deployment": ("apps/v1", "ai-system", "ai-operator"),
}
WAITING = {
    "ConfigMap": ("v1", "default", "settings"),
    "Deployment": ("apps/v1", "default", "waits"),
}
MERGE_PATCH = "application/merge-patch+json"
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "takes-no-pods"}}
WAITS_FOR_PODS = """
import pulumi
import pulumi_kubernetes as kubernetes

labels = {"app": "waits"}
settings = kubernetes.core.v1.ConfigMap(
    "settings", metadata={"name": "settings", "namespace": "default"}
)
kubernetes.apps.v1.Deployment(
    "waits",
    metadata={"name": "waits", "namespace": "default"},
    spec={
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "waits", "image": "pause"}]},
        },
    },
    opts=pulumi.ResourceOptions(depends_on=[settings]),
)
"""
ONE_CONFIG_MAP = """
import pulumi
import pulumi_kubernetes as kubernetes

name = pulumi.Config().get("name") or "settings"
kubernetes.core.v1.ConfigMap("settings", metadata={"name": name, "namespace": "default"})
"""

pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(MISSING), reason=MISSING)]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with control_plane() as running:
        yield running


@pytest.fixture(scope="module")
def plugin() -> Plugin:
    return choose_plugin(STAND_IN)


@pytest.fixture
def api(plane: ControlPlane) -> Access:
    return access(plane.kubeconfig())


Start = Callable[..., Stack]
Named = dict[str, tuple[str, str, str]]


@pytest.fixture
def start(plane: ControlPlane, plugin: Plugin, tmp_path: Path) -> Iterator[Start]:
    """Makes stacks in one folder, and destroys what is left in the end."""
    made: list[Stack] = []

    def start(program: Path = INFRA, **options: Any) -> Stack:
        folder = tmp_path / "stack"
        stack = Stack(
            stack_program(program),
            folder,
            kubeconfig=plane.kubeconfig(),
            plugin=plugin,
            **options,
        )
        made.append(stack)
        return stack

    yield start
    if made:
        made[-1].destroy()


def found(api: Access, kind: str, objects: Named = OBJECTS) -> dict[str, Any] | None:
    version, namespace, name = objects[kind]
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return api.find({"apiVersion": version, "kind": kind, "metadata": metadata})


def on_the_cluster(api: Access, objects: Named = OBJECTS) -> list[str]:
    return [kind for kind in objects if found(api, kind, objects) is not None]


def program_in(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "__main__.py").write_text(text)
    return folder


def test_a_stack_comes_up_says_its_outputs_and_leaves_nothing(
    plane: ControlPlane, plugin: Plugin, api: Access, tmp_path: Path
) -> None:
    told: list[str] = []
    program = stack_program(INFRA)
    with provisioned(
        program, tmp_path, kubeconfig=plane.kubeconfig(), plugin=plugin, tell=told.append
    ) as stack:
        assert stack.outputs() == {
            "ai_service_crd_name": "aiservices.example.com",
            "ai_service_operator_deployment_name": "ai-operator",
        }
        assert on_the_cluster(api) == [*OBJECTS]
    assert on_the_cluster(api) == []
    assert told[0] == f"pulumi up: {INFRA} by {plugin.description}"
    assert "created Deployment ai-system/ai-operator" in told
    assert "deleted Namespace ai-system" in told


def test_drift_is_seen_by_a_refresh_and_repaired_by_up(api: Access, start: Start) -> None:
    stack = start()
    stack.up()
    assert stack.refresh() == []
    deployment = found(api, "Deployment")
    assert deployment is not None
    api.ask(
        "PATCH",
        api.path(deployment),
        {"spec": {"replicas": 3}},
        MERGE_PATCH,
    )
    binding = found(api, "ClusterRoleBinding")
    assert binding is not None
    api.delete(binding, "Background")

    drift = {(change.action, change.kind) for change in stack.refresh()}
    assert drift == {("update", "Deployment"), ("delete", "ClusterRoleBinding")}
    repairs = {(change.action, change.kind): change.fields for change in stack.preview()}
    assert repairs == {
        ("update", "Deployment"): ("spec.replicas",),
        ("create", "ClusterRoleBinding"): (),
    }
    stack.up()
    deployment = found(api, "Deployment")
    assert deployment is not None
    assert deployment["spec"]["replicas"] == 1
    assert on_the_cluster(api) == [*OBJECTS]
    assert stack.refresh() == []


def test_services_survive_an_upgrade_of_image_and_definition(
    api: Access, start: Start, tmp_path: Path
) -> None:
    start().up({"image": "aiservice/operator:0.1.0"})
    service = {
        "apiVersion": "example.com/v1",
        "kind": "AIService",
        "metadata": {"name": "chat", "namespace": "default"},
        "spec": {"size": 2},
    }
    before = api.apply(service, force=True)
    path = api.path(service)
    status = {"status": {"readyReplicas": 2}}
    api.ask("PATCH", f"{path}/status", status, MERGE_PATCH)

    upgraded = shutil.copytree(INFRA, tmp_path / "infra")
    definition = upgraded / "crd.py"
    size = '"size": _integer('
    text = definition.read_text().replace(size, f'"tier": {{"type": "string"}}, {size}')
    definition.write_text(text)
    second = start(upgraded)
    changes = {change.kind: change.action for change in second.preview({"image": "operator:2"})}
    assert changes == {"CustomResourceDefinition": "update", "Deployment": "update"}
    second.up({"image": "operator:2"})

    deployment = found(api, "Deployment")
    assert deployment is not None
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "operator:2"
    after = api.ask("GET", path)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"] == {"readyReplicas": 2}
    after = api.apply(service | {"spec": {"size": 2, "tier": "gold"}}, force=True)
    assert after["spec"]["tier"] == "gold", "the new field would be pruned by the old definition"


@contextlib.contextmanager
def a_node_that_takes_no_pods(api: Access) -> Iterator[None]:
    """A node that is ready, so that `up` waits for pods; and takes none, so that it waits long."""
    node = NODE | {"spec": {"unschedulable": True}}
    api.apply(node, force=True)
    ready = {"type": "Ready", "status": "True", "reason": "Test", "message": ""}
    status = {"status": {"conditions": [ready]}}
    api.ask("PATCH", f"{api.path(node)}/status", status, MERGE_PATCH)
    yield
    api.delete(node, "Background")


@pytest.fixture
def waiting(api: Access) -> Iterator[None]:
    with a_node_that_takes_no_pods(api):
        yield


def test_up_returns_when_the_pods_are_available(plugin: Plugin, tmp_path: Path) -> None:
    """On a control plane without controllers, so that nobody but the test writes a status."""
    program = stack_program(program_in(tmp_path / "program", WAITS_FOR_PODS))
    available = {
        "observedGeneration": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
    }
    with control_plane(controllers=False) as plane:
        api = access(plane.kubeconfig())
        with a_node_that_takes_no_pods(api):

            def pods_become_available(line: str) -> None:
                if line == "creating Deployment default/waits":
                    while (deployment := found(api, "Deployment", WAITING)) is None:
                        pass
                    path = f"{api.path(deployment)}/status"
                    api.ask("PATCH", path, {"status": available}, MERGE_PATCH)
                told.append(line)

            told: list[str] = []
            stack = Stack(
                program,
                tmp_path / "stack",
                kubeconfig=plane.kubeconfig(),
                plugin=plugin,
                tell=pods_become_available,
            )
            stack.up()
    assert told[-1] == "created Deployment default/waits"


@pytest.mark.usefixtures("waiting")
def test_ctrl_c_in_the_middle_of_up_leaves_no_lock_and_destroy_works(
    api: Access, start: Start, tmp_path: Path
) -> None:
    def press_ctrl_c(line: str) -> None:
        if line == "creating Deployment default/waits":
            raise KeyboardInterrupt

    program = program_in(tmp_path / "program", WAITS_FOR_PODS)
    with pytest.raises(KeyboardInterrupt):
        start(program, tell=press_ctrl_c).up()
    assert on_the_cluster(api, WAITING) == ["ConfigMap", "Deployment"]
    assert list((tmp_path / "stack" / "state").glob(".pulumi/locks/**/*.json")) == []
    start(program).destroy()
    assert on_the_cluster(api, WAITING) == []


_UP = """
import sys
from pathlib import Path
from harness.clusters.stack import Stack, choose_plugin, stack_program

program, folder, kubeconfig, plugin = sys.argv[1:]
Stack(
    stack_program(Path(program)),
    Path(folder),
    kubeconfig=kubeconfig,
    plugin=choose_plugin(plugin),
).up()
"""


@pytest.mark.usefixtures("waiting")
def test_kill_9_in_the_middle_of_up_leaves_what_destroy_finds_again(
    plane: ControlPlane, api: Access, start: Start, tmp_path: Path
) -> None:
    program = program_in(tmp_path / "program", WAITS_FOR_PODS)
    arguments = [str(program), str(tmp_path / "stack"), plane.kubeconfig(), STAND_IN]
    command = [sys.executable, "-c", _UP, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as killed:
        while found(api, "Deployment", WAITING) is None:
            assert killed.poll() is None
        killed.send_signal(signal.SIGKILL)
    told: list[str] = []
    start(program, tell=told.append).destroy()
    assert on_the_cluster(api, WAITING) == []
    assert told[0].startswith("removing the lock of pulumi process")
    assert told[1] == "looking for what was being created: default/waits"


def test_a_refusal_of_the_server_is_one_message(start: Start, tmp_path: Path) -> None:
    program = program_in(tmp_path / "program", ONE_CONFIG_MAP)
    with pytest.raises(InfrastructureError) as caught:
        start(program).up({"name": "Not_A_Name"})
    (line,) = str(caught.value).splitlines()
    assert line.startswith("pulumi up failed: ")
    assert 'ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value' in line


def test_an_error_of_the_program_says_where_it_is(start: Start, tmp_path: Path) -> None:
    program = program_in(tmp_path / "program", "settings = {}\nsettings['replicas']\n")
    where = f"{program}/__main__.py:2"
    with pytest.raises(InfrastructureError) as caught:
        start(program).up()
    assert str(caught.value) == f"pulumi up failed: {where}: KeyError: 'replicas'"


def test_a_changed_name_replaces_the_object(start: Start, tmp_path: Path) -> None:
    stack = start(program_in(tmp_path / "program", ONE_CONFIG_MAP))
    stack.up({"name": "one"})
    assert [str(change) for change in stack.preview({"name": "two"})] == [
        "± ConfigMap default/two: metadata.name"
    ]


def test_configuration_of_an_earlier_up_is_forgotten(start: Start, tmp_path: Path) -> None:
    stack = start(program_in(tmp_path / "program", ONE_CONFIG_MAP))
    stack.up({"name": "one"})
    assert [change.object for change in stack.preview()] == ["default/settings"]


def test_a_real_server_takes_a_deployment_that_is_sent_to_another_api_server(api: Access) -> None:
    deployment = objects(API_SERVER)["Deployment"]
    deployment["metadata"]["namespace"] = "default"
    taken = api.apply(deployment, force=True, dry_run=True)
    (volume,) = taken["spec"]["template"]["spec"]["volumes"]
    assert volume["projected"]["sources"][0]["serviceAccountToken"]["path"] == "token"


def test_half_an_api_server_is_refused(start: Start) -> None:
    with pytest.raises(InfrastructureError) as caught:
        start().up({"apiServerHost": "10.1.2.3", "apiServerPort": "8443"})
    assert str(caught.value) == (
        "pulumi up failed: apiServerHost, apiServerPort, apiServerCa go together: "
        "set apiServerCa too, or none of them"
    )


@pytest.mark.skipif(shutil.which(EXECUTABLE) is not None, reason="a plugin on PATH comes first")
def test_a_plugin_in_the_users_home_is_found_from_the_folder_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine looks into a home of the run's own; what the user installed is linked there."""
    folder = tmp_path / "home" / "plugins" / f"resource-kubernetes-v{wanted_version()}"
    folder.mkdir(parents=True)
    executable = ROOT / "tests" / "infra" / "standin" / EXECUTABLE
    (folder / EXECUTABLE).write_text(f'#!/bin/sh\nexec {executable} "$@"\n')
    (folder / EXECUTABLE).chmod(0o755)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    plugin = choose_plugin()
    assert plugin.description == f"{EXECUTABLE} v{wanted_version()} (installed)"
    program = program_in(tmp_path / "program", ONE_CONFIG_MAP)
    assert len(preview(stack_program(program), plugin=plugin)) == 1
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["plugins"]


def test_a_preview_needs_no_cluster(plugin: Plugin) -> None:
    changes = preview(stack_program(INFRA), plugin=plugin)
    assert {change.kind for change in changes} == {*OBJECTS}
    assert {change.action for change in changes} == {"create"}


def test_a_cluster_that_does_not_answer_is_one_message(plugin: Plugin, tmp_path: Path) -> None:
    nobody = access_to_nobody()
    program = program_in(tmp_path / "program", ONE_CONFIG_MAP)
    stack = Stack(stack_program(program), tmp_path, kubeconfig=nobody, plugin=plugin)
    with pytest.raises(InfrastructureError, match=r"127\.0\.0\.1:9"):
        stack.up()


def access_to_nobody() -> str:
    """A kubeconfig for a port that nobody listens on (discard)."""
    from harness.subjects.endpoint import Endpoint

    return Endpoint("127.0.0.1", 9, "", "token").kubeconfig()


def test_the_users_own_contexts_are_out_of_reach(
    plugin: Plugin, tmp_path: Path, plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program with a provider of its own that names no kubeconfig must not find one."""
    theirs = tmp_path / "kubeconfig"
    theirs.write_text(plane.kubeconfig())
    monkeypatch.setenv("KUBECONFIG", str(theirs))
    program = program_in(
        tmp_path / "program",
        "import os, pulumi\npulumi.export('kubeconfig', os.environ['KUBECONFIG'])\n",
    )
    stack = Stack(StackProgram(program), tmp_path, kubeconfig=plane.kubeconfig(), plugin=plugin)
    assert stack.up() == {"kubeconfig": "/dev/null"}
