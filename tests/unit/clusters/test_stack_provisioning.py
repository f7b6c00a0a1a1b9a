"""What an operation is asked for with, and that a stack is destroyed whatever happens."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.stack import Plugin, Stack, StackProgram, preview, provisioned, provisioning
from harness.clusters.stack.conversation import Outcome
from harness.errors import UsageError

PLUGIN = Plugin("pulumi-resource-kubernetes v4.34.2 (installed)")


class Driver:
    """Stands in for the driver: keeps the requests, and may be interrupted."""

    def __init__(self) -> None:
        self.requests: list[Mapping[str, Any]] = []
        self.interrupted_at = ""

    def __call__(self, request: Mapping[str, Any], logs: Path, **_: Any) -> Outcome:
        self.requests.append(request)
        if request["operation"] == self.interrupted_at:
            raise KeyboardInterrupt
        return Outcome(result={})

    @property
    def operations(self) -> list[str]:
        return [request["operation"] for request in self.requests]


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    found = Driver()
    monkeypatch.setattr(provisioning, "converse", found)
    monkeypatch.setattr(provisioning, "missing_engine", lambda: "")
    return found


@pytest.fixture
def program(tmp_path: Path) -> StackProgram:
    return StackProgram(tmp_path / "infra", "ci", "my-operator", {"image": "a", "replicas": "1"})


def stack(program: StackProgram, folder: Path, **options: Any) -> Stack:
    return Stack(program, folder, **{"kubeconfig": "{}", "plugin": PLUGIN, **options})


def test_a_stack_is_destroyed_in_the_end(
    driver: Driver, program: StackProgram, tmp_path: Path
) -> None:
    with provisioned(program, tmp_path, kubeconfig="{}", plugin=PLUGIN):
        assert driver.operations == ["up"]
    assert driver.operations == ["up", "destroy"]


def test_a_stack_is_destroyed_when_up_is_interrupted(
    driver: Driver, program: StackProgram, tmp_path: Path
) -> None:
    driver.interrupted_at = "up"
    context = provisioned(program, tmp_path, kubeconfig="{}", plugin=PLUGIN)
    with pytest.raises(KeyboardInterrupt), context:
        pytest.fail("the stack is not up")
    assert driver.operations == ["up", "destroy"]


def test_a_stack_that_is_kept_is_not_destroyed(
    driver: Driver, program: StackProgram, tmp_path: Path
) -> None:
    with provisioned(program, tmp_path, kubeconfig="{}", plugin=PLUGIN, keep=True):
        pass
    assert driver.operations == ["up"]


def test_configuration_of_a_call_wins_over_that_of_the_settings(
    driver: Driver, program: StackProgram, tmp_path: Path
) -> None:
    stack(program, tmp_path).up({"image": "b"})
    assert driver.requests[0]["config"] == {
        "image": "b",
        "replicas": "1",
        "kubernetes:enablePatchForce": "true",
    }


def test_the_kubeconfig_is_a_secret_and_the_users_own_is_hidden(
    driver: Driver, program: StackProgram, tmp_path: Path
) -> None:
    stack(program, tmp_path, kubeconfig="{a: kubeconfig}").up()
    (request,) = driver.requests
    assert request["secrets"] == {"kubernetes:kubeconfig": "{a: kubeconfig}"}
    assert request["environment"]["KUBECONFIG"] == os.devnull


def test_a_preview_without_a_cluster_renders_and_names_no_kubeconfig(
    driver: Driver, program: StackProgram
) -> None:
    """Pulumi's plugin refuses to do both."""
    preview(program, plugin=PLUGIN)
    (request,) = driver.requests
    assert request["operation"] == "preview"
    assert request["secrets"] == {}
    assert request["config"]["kubernetes:renderYamlToDirectory"].endswith("rendered")


def test_a_named_plugin_comes_first_on_the_path(
    driver: Driver, program: StackProgram, tmp_path: Path
) -> None:
    stack(program, tmp_path, plugin=Plugin("STAND-IN", Path("/stand-in"))).up()
    path = driver.requests[0]["environment"]["PATH"]
    assert path.split(os.pathsep)[0] == "/stand-in"


def test_all_that_pulumi_writes_is_in_the_folder_of_the_run(
    driver: Driver, program: StackProgram, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    stack(program, folder).up()
    environment = driver.requests[0]["environment"]
    assert environment["PULUMI_BACKEND_URL"] == f"file://{folder}/state"
    assert environment["PULUMI_HOME"] == f"{folder}/home"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_proxies_of_the_environment_are_kept_from_loopback(
    driver: Driver, program: StackProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "internal")
    stack(program, tmp_path).up()
    environment = driver.requests[0]["environment"]
    assert environment["NO_PROXY"] == "internal,127.0.0.1,localhost,::1"
    assert environment["no_proxy"] == environment["NO_PROXY"]


def test_an_empty_kubeconfig_is_refused(
    driver: Driver, program: StackProgram, tmp_path: Path
) -> None:
    """Pulumi would take the user's current context."""
    with pytest.raises(UsageError, match="a stack needs a kubeconfig"):
        stack(program, tmp_path, kubeconfig="  ")


def test_a_missing_engine_is_refused(
    program: StackProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "missing_engine", lambda: "no engine: get one")
    with pytest.raises(UsageError, match=r"^no engine: get one$"):
        stack(program, tmp_path)
