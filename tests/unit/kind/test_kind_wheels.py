"""Wheels are fetched for the Python of the base image, not for ours."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.clusters.kind.wheels import Target, put_wheels
from harness.errors import InfrastructureError
from tests.support.fake_programs import FakePrograms


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Python project."""
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def test_pip_is_asked_for_the_project_and_then_for_what_it_needs(
    project: Path, tmp_path: Path, programs: FakePrograms
) -> None:
    programs.answer("docker run", '[3, 12, "aarch64", "2.17"]\n')
    wheels = tmp_path / "context" / "wheels"

    def build(command: object) -> str:
        wheels.mkdir(parents=True)
        (wheels / "shop-1-py3-none-any.whl").touch()
        return ""

    programs.answer("pip wheel", build)
    put_wheels(project, tmp_path / "context", "python:3.12", run=programs)
    ((_, *wheel),) = programs.asked("pip wheel")
    ((python, *download),) = programs.asked("pip download")
    assert python == sys.executable
    assert wheel[-3:] == ["--no-deps", f"--wheel-dir={wheels}", str(project)]
    assert download[-1] == str(wheels / "shop-1-py3-none-any.whl")
    for option in ("--only-binary=:all:", "--python-version=3.12"):
        assert option in download
    assert "--platform=manylinux2014_aarch64" in download


def test_the_base_image_is_asked_without_a_network(
    project: Path, tmp_path: Path, programs: FakePrograms
) -> None:
    programs.answer("docker run", '[3, 11, "x86_64", "2.36"]\n')
    put_wheels(project, tmp_path / "context", "python:3.11", run=programs)
    (command,) = programs.asked("docker run")
    assert command[:6] == [
        *("docker", "run", "--rm", "--network=none", "--entrypoint=python", "python:3.11")
    ]


def test_every_older_glibc_will_do() -> None:
    options = Target("3.11", "x86_64", "2.18").pip_options()
    platforms = [text.partition("=")[2] for text in options if text.startswith("--platform")]
    assert platforms[:3] == [
        "manylinux_2_18_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
    ]
    assert platforms[-2:] == ["manylinux_2_5_x86_64", "manylinux1_x86_64"]


def test_musl_has_tags_of_its_own() -> None:
    options = Target("3.11", "x86_64", "").pip_options()
    assert options[-2:] == ["--platform=musllinux_1_2_x86_64", "--platform=musllinux_1_1_x86_64"]


@pytest.mark.parametrize("base", ["", "python:3.11"], ids=["fixed-base", "no-project"])
def test_nothing_is_fetched_where_nobody_could_use_it(
    tmp_path: Path, programs: FakePrograms, base: str
) -> None:
    if not base:
        (tmp_path / "pyproject.toml").touch()
    put_wheels(tmp_path, tmp_path / "context", base, run=programs)
    assert programs.commands == []


def test_a_base_image_without_python_is_told(
    project: Path, tmp_path: Path, programs: FakePrograms
) -> None:
    programs.answer("docker run", "hello\n")
    with pytest.raises(InfrastructureError, match="use an image with Python in it"):
        put_wheels(project, tmp_path / "context", "busybox", run=programs)
