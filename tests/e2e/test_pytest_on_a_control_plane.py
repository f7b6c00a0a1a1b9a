"""`pytest --cluster control-plane`: scenario files and the README's test, with the same text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.clusters.control_plane_programs import missing_programs
from tests.support.command import ROOT, Project, scenario
from tests.support.markdown import blocks

MISSING = missing_programs()
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(MISSING), reason=MISSING)]

CONFTEST = 'pytest_plugins = ["harness.pytest_plugin"]\n'
#: Both look for the operator's objects in their own namespace, and find none of the other's.
ALONE = """
async def test_it_is_alone(cluster):
    import pytest
    with pytest.raises(LookupError):
        cluster.get("AIService/demo")
    assert cluster.namespace.startswith("test-it-is-alone-")
"""


def run_pytest(folder: Path, *words: str) -> tuple[int, str]:
    """pytest's exit code and output."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-vv", *words],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_test_of_the_readme_and_a_scenario_pass_there(tmp_path: Path) -> None:
    project = Project.make(tmp_path, made=scenario("made"))
    (tmp_path / "conftest.py").write_text(CONFTEST)
    settings = (tmp_path / "pyproject.toml").read_text()
    strict = '[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n'
    (tmp_path / "pyproject.toml").write_text(settings + strict)
    (example,) = [block for block in blocks(ROOT / "README.md") if block.language == "python"]
    text = example.text.replace(
        "operator/manifests/crd.yaml", f"{ROOT}/operator/manifests/crd.yaml"
    )
    (tmp_path / "test_readme.py").write_text(text + ALONE)
    code, output = run_pytest(project.folder, "--cluster", "control-plane", "--timeout-scale", "2")
    assert code == 0, output
    assert "3 passed" in output


def test_each_worker_has_a_control_plane_of_its_own(tmp_path: Path) -> None:
    project = Project.make(tmp_path, made=scenario("made", sizes=(1, 2)))
    (tmp_path / "conftest.py").write_text(CONFTEST)
    code, output = run_pytest(
        project.folder, "--cluster", "control-plane", "--timeout-scale", "2", "-n", "2", "scenarios"
    )
    assert code == 0, output
    assert "2 passed" in output
    assert {"[gw0]", "[gw1]"} <= set(output.split())


def test_two_cases_at_once_have_two_control_planes(tmp_path: Path) -> None:
    project = Project.make(tmp_path, made=scenario("made", sizes=(1, 2)))
    where = ("--cluster", "control-plane", "--parallel", "2", "--timeout-scale", "2")
    done = project.run("run", *where)
    assert done.code == 0, done
    logs = project.folder / ".harness/last/control-plane"
    assert sorted(path.name for path in logs.iterdir()) == ["0", "1"]
    assert all((folder / "etcd.log").exists() for folder in logs.iterdir())
