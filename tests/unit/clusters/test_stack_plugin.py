"""The plugin is chosen in one order, said aloud, and a stand-in never without being named."""

from __future__ import annotations

from importlib import util
from pathlib import Path

import pytest

from harness.clusters.stack import choose_plugin, missing_for_stack, plugin
from harness.errors import UsageError


def put_program(folder: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / name
    executable.write_text(text)
    executable.chmod(0o755)
    return folder


def put_plugin(folder: Path) -> Path:
    return put_program(folder, plugin.EXECUTABLE)


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine without network, no plugin, the SDK in version 4.34.2; returns Pulumi's home."""
    put_program(tmp_path / "bin", "pulumi", "#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(plugin, "wanted_version", lambda: "4.34.2")
    return tmp_path / "home"


def installed(home: Path, version: str) -> Path:
    return put_plugin(home / "plugins" / f"resource-kubernetes-v{version}")


def test_an_installed_plugin_is_used(bare_machine: Path) -> None:
    installed(bare_machine, "4.34.2")
    chosen = choose_plugin()
    assert chosen.description == "pulumi-resource-kubernetes v4.34.2 (installed)"
    assert chosen.folder is None
    assert not chosen.is_stand_in


def test_the_version_of_the_program_is_preferred_to_a_newer_one(bare_machine: Path) -> None:
    installed(bare_machine, "4.34.2")
    installed(bare_machine, "4.40.0")
    assert choose_plugin().description == "pulumi-resource-kubernetes v4.34.2 (installed)"


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("4.9.0", id="older, though not as text"),
        pytest.param("5.0.0", id="other major"),
    ],
)
def test_a_version_that_does_not_fit_is_not_used(bare_machine: Path, version: str) -> None:
    installed(bare_machine, version)
    assert plugin.find_plugin() is None


def test_a_plugin_on_path_comes_before_an_installed_one(bare_machine: Path, tmp_path: Path) -> None:
    installed(bare_machine, "4.34.2")
    folder = put_plugin(tmp_path / "bin")
    description = f"pulumi-resource-kubernetes from PATH: {folder}/pulumi-resource-kubernetes"
    assert choose_plugin().description == description


def test_a_named_plugin_is_called_a_stand_in(bare_machine: Path, tmp_path: Path) -> None:
    installed(bare_machine, "4.34.2")
    folder = put_plugin(tmp_path / "mine")
    chosen = choose_plugin(str(folder))
    assert chosen.description == f"STAND-IN for pulumi-resource-kubernetes from {folder}"
    assert chosen.folder == folder
    assert chosen.is_stand_in


def test_a_named_folder_of_a_published_plugin_is_called_by_its_version(tmp_path: Path) -> None:
    folder = put_plugin(tmp_path / "resource-kubernetes-v4.34.2")
    chosen = choose_plugin(str(folder))
    assert chosen.description == f"pulumi-resource-kubernetes v4.34.2 from {folder}"
    assert not chosen.is_stand_in


def test_a_named_folder_without_a_plugin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--pulumi-plugin .* holds no program pulumi-resource"):
        choose_plugin(str(tmp_path))


def test_without_a_plugin_the_download_is_tried_and_then_told_what_to_do() -> None:
    told: list[str] = []
    with pytest.raises(UsageError) as caught:
        choose_plugin(tell=told.append)
    assert told == ["downloading pulumi-resource-kubernetes v4.34.2"]
    assert str(caught.value) == (
        "Pulumi's plugin pulumi-resource-kubernetes v4.34.2 is not installed and cannot be "
        "downloaded here: run `pulumi plugin install resource kubernetes 4.34.2` where there is "
        "a network, or name a folder that holds the plugin with --pulumi-plugin"
    )


def test_a_download_that_works_is_used(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "_download", lambda: installed(bare_machine, "4.34.2"))
    assert choose_plugin().description == "pulumi-resource-kubernetes v4.34.2 (installed)"


def test_a_missing_engine_is_named_before_a_missing_plugin(tmp_path: Path) -> None:
    (tmp_path / "bin" / "pulumi").unlink()
    text = missing_for_stack()
    assert text.startswith("Pulumi's engine, the program `pulumi`, is not on PATH: install it")
    with pytest.raises(UsageError, match="engine"):
        choose_plugin()


def test_a_missing_plugin_is_named_where_only_it_is_missing() -> None:
    assert missing_for_stack() == plugin.missing_plugin()


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert missing_for_stack() == (
        "no Python package pulumi: run `pip install 'operator-harness[kind]'`"
    )
