"""What `harness doctor` finds on machines of all kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.clusters.offers import CLUSTERS, CONTROL_PLANE, EXISTING, KIND, SIM
from harness.errors import UsageError
from harness.running.doctor import Finding, Machine, examine, works

LOCAL = ("kind-lab", "https://127.0.0.1:6443")
PACKAGES = {
    "kopf": "1.45.2",
    "aiohttp": "3.9.0",
    "pytest-kind": "22.11",
    "pulumi-kubernetes": "4.3",
}
PROGRAMS = (
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("docker", "kind", "kubectl", "pulumi"),
)


def machine(
    programs: Sequence[str] = PROGRAMS,
    *,
    without: str = "",
    context: tuple[str, str] | None = LOCAL,
    daemon: bool = True,
    assets: Sequence[str] = (),
) -> Machine:
    """A machine with some programs on PATH, and some in a folder for envtest."""

    def which(name: str, path: str | None = None) -> str | None:
        if path is not None:
            return f"{path}/{name}" if name in assets else None
        return f"/usr/bin/{name}" if name in programs and name != without else None

    def run(command: Sequence[str]) -> str:
        if "--format" in command:
            return "27.0.3\n" if daemon else ""
        return f"{command[0].rpartition('/')[2]} version v1.2.3, build 4f5e"

    def current() -> tuple[str, str]:
        if context is None:
            raise UsageError("no kubeconfig at ~/.kube/config")
        return context

    return Machine(
        environment={"KUBEBUILDER_ASSETS": "/assets"} if assets else {},
        which=which,
        run=run,
        package=lambda name: "" if name == without else PACKAGES[name],
        context=current,
        plugin=lambda: "" if without == "plugin" else "the plugin",
    )


def finding(findings: Sequence[Finding], what: str, cluster: str = "") -> Finding:
    (found,) = [f for f in findings if f.what == what and cluster in ("", f.cluster)]
    return found


def test_a_machine_with_everything_is_ready_for_all_clusters() -> None:
    findings = examine(machine())
    assert [each for each in findings if not each.ok] == []
    assert all(works(findings, cluster) for cluster in CLUSTERS)


def test_a_machine_with_nothing_but_the_package_is_ready_for_the_simulation() -> None:
    findings = examine(machine([], context=None, daemon=False))
    assert {cluster: works(findings, cluster) for cluster in CLUSTERS} == {
        SIM: True,
        CONTROL_PLANE: False,
        KIND: False,
        EXISTING: False,
    }


def test_what_is_missing_says_how_to_get_it() -> None:
    for each in examine(machine([], context=None)):
        assert each.ok or len(each.remedy) > len(each.what), each


def test_a_program_is_told_with_version_and_place() -> None:
    assert finding(examine(machine()), "kind").found == "v1.2.3 (/usr/bin/kind)"


def test_programs_of_a_control_plane_are_looked_for_where_envtest_looks() -> None:
    findings = examine(machine([], assets=("etcd", "kube-apiserver")))
    assert finding(findings, "etcd").found == "v1.2.3 (/assets/etcd)"
    assert works(findings, CONTROL_PLANE)


@pytest.mark.parametrize(
    ("without", "broken"),
    [
        pytest.param("etcd", [CONTROL_PLANE], id="etcd"),
        pytest.param("kube-scheduler", [], id="a-controller-stands-in"),
        pytest.param("kind", [KIND], id="kind"),
        pytest.param("pytest-kind", [KIND], id="pytest-kind"),
        pytest.param("aiohttp", [CONTROL_PLANE, KIND, EXISTING], id="aiohttp"),
        pytest.param("pulumi", [], id="only-stacks-need-pulumi"),
        pytest.param("plugin", [], id="the-plugin-is-downloaded"),
        pytest.param("kopf", [], id="operators-need-not-be-kopf"),
    ],
)
def test_one_missing_part_keeps_from_its_clusters_only(without: str, broken: list[str]) -> None:
    findings = examine(machine(without=without))
    assert [cluster for cluster in CLUSTERS if not works(findings, cluster)] == broken


def test_docker_without_a_daemon_is_told_apart_from_no_docker() -> None:
    findings = examine(machine(daemon=False))
    assert finding(findings, "docker").ok
    assert "start it" in finding(findings, "Docker daemon").remedy
    assert not works(findings, KIND)


def test_no_daemon_is_asked_where_no_docker_is() -> None:
    asked: list[Any] = []
    base = machine(without="docker")

    def run(command: Sequence[str]) -> str:
        asked.append(command[0])
        return ""

    examine(Machine(base.environment, base.which, run, base.package, base.context, base.plugin))
    assert not [each for each in asked if "docker" in str(each)]


def test_a_context_that_does_not_look_disposable_is_told_with_what_to_write() -> None:
    findings = examine(machine(context=("prod", "https://203.0.113.7")))
    assert finding(findings, "kubeconfig").found == "context 'prod': https://203.0.113.7"
    permission = finding(findings, "permission")
    assert permission.remedy == (
        "its name says 'prod'; if it is meant to be broken, write --allow-context prod"
    )
    assert not works(findings, EXISTING)


def test_this_machine_can_be_examined() -> None:
    """Whatever is here: no program that hangs or fails is an error."""
    assert works(examine(), SIM)
