"""`harness clean` and `harness doctor`: which cluster is meant, what is said, the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import cli
from harness.errors import UsageError
from harness.running.doctor import Finding
from harness.running.leftovers import Fate, Leftover

#: Nobody listens on this port.
LOCAL, REMOTE = "https://127.0.0.1:1", "https://203.0.113.7:6443"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without leftovers and without a kubeconfig."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kubeconfig(folder: Path, server: str, *, context: str = "envtest") -> str:
    """A kubeconfig with one context, whose user logs in by a program that must not be run."""
    document = {
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"exec": {"command": "touch", "args": ["logged-in"]}}}],
    }
    if server == LOCAL:
        document["users"] = [{"name": "u", "user": {"token": "t"}}]
    file = folder / "kubeconfig"
    file.write_text(json.dumps(document))
    return str(file)


def harness(*arguments: str) -> Result:
    """Call the command; standalone mode is off, as in `main`."""
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


def test_without_a_kubeconfig_only_the_machine_is_cleaned(home: Path) -> None:
    result = harness("clean")
    assert result.return_value == 0
    assert result.stdout.startswith("no cluster is looked at: no kubeconfig at ")
    assert result.stdout.endswith("this machine: clean\n")


def test_the_current_context_is_left_alone_when_it_does_not_look_disposable(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig(home, REMOTE, context="team"))
    result = harness("clean")
    assert result.return_value == 0
    assert "context 'team'" in result.stdout
    assert "--allow-context team" in result.stdout
    assert not (home / "logged-in").exists(), "nobody logs in where nothing may be changed"


@pytest.mark.parametrize(
    "how", [pytest.param("--kubeconfig", id="file"), pytest.param("--context", id="context")]
)
def test_a_cluster_that_is_asked_for_is_refused_aloud(
    home: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    file = kubeconfig(home, REMOTE, context="team")
    monkeypatch.setenv("KUBECONFIG", file)
    result = harness("clean", how, file if how == "--kubeconfig" else "team")
    assert isinstance(result.exception, UsageError)
    assert "does not look disposable" in str(result.exception)


def test_a_cluster_that_does_not_answer_cannot_be_cleaned(home: Path) -> None:
    result = harness("clean", "--kubeconfig", kubeconfig(home, LOCAL))
    assert result.return_value == 4
    assert f"FAILED context 'envtest' ({LOCAL})" in result.stdout
    assert "start the cluster or log in" in result.stdout


def test_but_nobody_expects_the_current_context_to_run(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig(home, LOCAL))
    result = harness("clean")
    assert result.return_value == 0
    assert f"left   context 'envtest' ({LOCAL})" in result.stdout


def test_each_leftover_is_told_with_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(folder: Path, tell: object, *, dry_run: bool) -> None:
        assert callable(tell)
        tell(Leftover(Fate.GONE, "one removed"))
        tell(Leftover(Fate.STUCK, "two stays", "pull harder"))

    monkeypatch.setattr("harness.running.cleaning.clean_machine", told)
    result = harness("clean")
    assert result.return_value == 4
    assert "done   one removed\nFAILED two stays\n       -> pull harder\n" in result.stdout
    assert "this machine: 1 could not be cleaned, see above" in result.stderr


def test_a_dry_run_counts_what_would_go(home: Path) -> None:
    (home / "operator-harness-logs-99999999-abcdefgh").mkdir()
    result = harness("clean", "--dry-run")
    assert result.return_value == 0
    assert result.stdout.endswith("this machine: 1 to be cleaned\n")


def test_the_doctor_says_what_is_there_and_how_to_get_the_rest(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [
        Finding("sim", "Python", "3.11.7"),
        Finding("control-plane", "etcd", "", "`setup-envtest use` downloads it"),
        Finding("control-plane", "kube-scheduler", "", "ours stands in", needed=False),
    ]
    monkeypatch.setattr("harness.running.doctor.examine", lambda: findings)
    result = harness("doctor")
    assert result.return_value == 0
    assert result.stdout.splitlines()[:5] == [
        "sim: ready",
        "  ok      Python                   3.11.7",
        "control-plane: not ready",
        "  MISSING etcd                     `setup-envtest use` downloads it",
        "  no      kube-scheduler           ours stands in",
    ]


def test_the_doctor_fails_only_when_the_simulation_does_not_work(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = [Finding("sim", "Python", "", "install Python 3.11 or newer")]
    monkeypatch.setattr("harness.running.doctor.examine", lambda: missing)
    assert harness("doctor").return_value == 4
