"""A cluster is recorded before it exists, handed out when it is ready, and deleted; or reused.

pytest-kind is real here, and so are its files; `kind`, `kubectl` and `docker` are scripts that keep
the names of clusters in a file and write down how they were called.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.clusters.kind.cluster import gateway_address, kind_cluster
from harness.clusters.kind.leftovers import leftover_kind_clusters
from harness.clusters.kind.options import KindOptions
from harness.errors import InfrastructureError, UsageError
from tests.support.fake_programs import FakePrograms

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: kind-demo, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: kind-demo, user: {token: t}}]
contexts: [{name: kind-demo, context: {cluster: kind-demo, user: kind-demo}}]
current-context: kind-demo
"""
KIND = """
echo "kind $*" >> "$LOG"
for word in "$@"; do case $word in
--name=*) name=${word#--name=} ;;
--kubeconfig=*) file=${word#--kubeconfig=} ;;
esac; done
case "$1 $2" in
"get clusters") cat "$CLUSTERS" ;;
"create cluster") [ -z "$REFUSE" ] || exit 7; ls "$HOME_OF_RECORDS" >> "$LOG"
                  echo "$name" >> "$CLUSTERS"; cat "$CONFIG" > "$file" ;;
"export kubeconfig") cat "$CONFIG" > "$file" ;;
"get nodes") echo "$name-worker"; echo "$name-control-plane" ;;
"delete cluster") grep -v "^$name$" "$CLUSTERS" > "$CLUSTERS.new"; mv "$CLUSTERS.new" "$CLUSTERS" ;;
esac
"""
OPTIONS = KindOptions(cluster_name="demo", image="node:1")


class Machine:
    """A machine with those programs."""

    def __init__(self, folder: Path, on_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = folder / "elsewhere" / ".harness"
        self.record = self.home / "clusters" / "demo.json"
        self._log, self._clusters = folder / "log", folder / "clusters"
        self._log.touch()
        self._clusters.touch()
        (folder / "config").write_text(KUBECONFIG)
        monkeypatch.setenv("LOG", str(self._log))
        monkeypatch.setenv("CLUSTERS", str(self._clusters))
        monkeypatch.setenv("CONFIG", str(folder / "config"))
        monkeypatch.setenv("HOME_OF_RECORDS", str(self.record.parent))
        on_path("kind", KIND)
        on_path("kubectl", 'echo "kubectl $*" >> "$LOG"')
        on_path("docker")

    @property
    def log(self) -> list[str]:
        """How the programs were called."""
        return self._log.read_text().splitlines()

    def verbs(self) -> list[str]:
        """What kind was asked to change."""
        lines = [line.split()[1] for line in self.log if line.startswith("kind ")]
        return [verb for verb in lines if verb != "get"]

    @property
    def clusters(self) -> list[str]:
        """The names of those that exist."""
        return self._clusters.read_text().split()

    def has(self, name: str) -> None:
        """A cluster that somebody has made."""
        self._clusters.write_text(f"{name}\n")


@pytest.fixture
def machine(tmp_path: Path, on_path: Any, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine without a cluster; the user is in an empty folder."""
    user = tmp_path / "user"
    user.mkdir()
    monkeypatch.chdir(user)
    return Machine(tmp_path, on_path, monkeypatch)


def test_a_cluster_lives_as_long_as_the_context(machine: Machine) -> None:
    with kind_cluster(OPTIONS, machine.home) as handle:
        assert machine.clusters == ["demo"]
        assert handle.created
        assert handle.context == "kind-demo"
        assert handle.nodes == ("demo-control-plane", "demo-worker")
        assert handle.kubeconfig.read_text() == KUBECONFIG
    assert machine.clusters == []
    assert leftover_kind_clusters(machine.home) == []
    assert not handle.kubeconfig.exists()


def test_a_kubeconfig_that_the_user_named_stays(machine: Machine, tmp_path: Path) -> None:
    named = tmp_path / "mine"
    with kind_cluster(KindOptions(cluster_name="demo", kubeconfig=named), machine.home) as handle:
        assert handle.kubeconfig == named
    assert named.exists()


def test_it_is_created_with_the_users_image_and_configuration(
    machine: Machine, tmp_path: Path
) -> None:
    config = tmp_path / "kind.yaml"
    options = KindOptions(cluster_name="demo", image="node:1", config=config)
    with kind_cluster(options, machine.home) as handle:
        created = next(line for line in machine.log if line.startswith("kind create"))
    assert created == (
        f"kind create cluster --name=demo --kubeconfig={handle.kubeconfig} --image=node:1 "
        f"--config {config}"
    )


def test_it_is_ready_before_it_is_handed_out(machine: Machine) -> None:
    with kind_cluster(OPTIONS, machine.home) as handle:
        waits = [line for line in machine.log if line.startswith("kubectl")]
    start = f"kubectl --kubeconfig={handle.kubeconfig} wait"
    assert waits == [
        f"{start} --for=condition=Ready nodes --all --timeout=180s",
        f"{start} --for=create serviceaccount/default --namespace=default --timeout=180s",
    ]


def test_its_record_is_there_before_the_cluster_and_names_this_process(machine: Machine) -> None:
    with kind_cluster(OPTIONS, machine.home):
        assert "demo.json" in machine.log
        record = json.loads(machine.record.read_text())
        assert record["name"] == "demo"
        assert record["run"]["pid"] == os.getpid()
        assert leftover_kind_clusters(machine.home) == []
    assert not machine.record.exists()


def test_nothing_is_written_where_the_user_is(machine: Machine) -> None:
    with kind_cluster(OPTIONS, machine.home):
        assert (machine.home / ".pytest-kind" / "demo").is_dir()
    assert list(Path.cwd().iterdir()) == []


def test_a_cluster_that_was_there_is_reused_and_left(machine: Machine) -> None:
    machine.has("demo")
    with kind_cluster(OPTIONS, machine.home) as handle:
        assert not handle.created
        assert handle.kubeconfig.read_text() == KUBECONFIG
        assert not machine.record.exists()
    assert machine.clusters == ["demo"]
    assert machine.verbs() == ["export"]


def test_a_reused_cluster_gets_its_lost_nodes_back_before_they_are_waited_for(
    machine: Machine, on_path: Any
) -> None:
    machine.has("demo")
    on_path("docker", 'echo "docker $*" >> "$LOG"')
    with kind_cluster(OPTIONS, machine.home):
        log = machine.log
    started = log.index("docker exec demo-worker systemctl start kubelet")
    waited = next(i for i, line in enumerate(log) if line.startswith("kubectl"))
    assert started < waited


def test_a_cluster_is_kept_when_asked_even_after_an_error(machine: Machine) -> None:
    options = KindOptions(cluster_name="demo", keep_cluster=True)
    with pytest.raises(ZeroDivisionError), kind_cluster(options, machine.home):
        raise ZeroDivisionError
    assert machine.clusters == ["demo"]
    assert not machine.record.exists()


def test_a_cluster_is_deleted_after_an_error(machine: Machine) -> None:
    with pytest.raises(ZeroDivisionError), kind_cluster(OPTIONS, machine.home):
        raise ZeroDivisionError
    assert machine.clusters == []


def test_a_start_that_fails_leaves_neither_cluster_nor_record(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSE", "yes")
    with (
        pytest.raises(InfrastructureError, match=r"cannot create cluster 'demo' \(it ended with 7"),
        kind_cluster(OPTIONS, machine.home),
    ):
        pytest.fail("it does not start")
    assert machine.verbs() == ["create", "delete"]
    assert not machine.record.exists()


def test_a_cluster_that_does_not_become_ready_is_deleted(machine: Machine, on_path: Any) -> None:
    on_path("kubectl", "echo timed out >&2; exit 1")
    with (
        pytest.raises(InfrastructureError, match=r"is up, but not ready: .* timed out"),
        kind_cluster(OPTIONS, machine.home),
    ):
        pytest.fail("it is not ready")
    assert machine.clusters == []


def test_two_runs_do_not_share_a_cluster(machine: Machine) -> None:
    with (
        kind_cluster(OPTIONS, machine.home),
        pytest.raises(UsageError, match=rf"still going \(process {os.getpid()}\)"),
        kind_cluster(OPTIONS, machine.home),
    ):
        pytest.fail("it belongs to another run")


def test_what_a_killed_run_has_left_is_replaced(machine: Machine) -> None:
    machine.has("demo")
    machine.record.parent.mkdir(parents=True)
    record = {
        "name": "demo",
        "kind": str(KindOptions().program("kind")),
        "kubeconfig": "/nowhere",
        "run": {"pid": os.getpid(), "began": "at another time"},
    }
    machine.record.write_text(json.dumps(record))
    with kind_cluster(OPTIONS, machine.home) as handle:
        assert handle.created
    assert machine.verbs() == ["delete", "create", "delete"]


def test_a_machine_without_kind_is_told_what_is_missing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(UsageError, match=r"^--cluster kind: the program docker was not found"),
        kind_cluster(OPTIONS, machine.home),
    ):
        pytest.fail("it cannot start")


def test_pods_reach_this_machine_at_the_gateway_of_the_network(programs: FakePrograms) -> None:
    programs.answer("docker network inspect kind", "fc00:f853::1 172.18.0.1 \n")
    assert gateway_address(run=programs) == "172.18.0.1"


def test_a_network_without_ipv4_is_told(programs: FakePrograms) -> None:
    programs.answer("docker network inspect kind", "fc00::1 \n")
    with pytest.raises(InfrastructureError, match="has no IPv4 gateway"):
        gateway_address(run=programs)
