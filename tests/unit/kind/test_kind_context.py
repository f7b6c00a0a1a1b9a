"""Which files of a folder a Docker build gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.clusters.kind.context import context_files, copy_context

FILES = (
    "Dockerfile",
    "README.md",
    "app/main.py",
    "app/deep/notes.md",
    "app/__pycache__/main.pyc",
    "docs/index.md",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files."""
    for name in FILES:
        file = tmp_path / "context" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path / "context"


def left(folder: Path, ignored: str) -> list[str]:
    """What is left with such a `.dockerignore`."""
    (folder / ".dockerignore").write_text(ignored)
    return [name for name, _ in context_files(folder, "Dockerfile") if name != ".dockerignore"]


@pytest.mark.parametrize(
    ("ignored", "gone"),
    [
        pytest.param("", set(), id="nothing"),
        pytest.param("# docs\n\n", set(), id="comment"),
        pytest.param("docs", {"docs/index.md"}, id="folder"),
        pytest.param("/docs/", {"docs/index.md"}, id="slashes"),
        pytest.param("*.md", {"README.md"}, id="star-stays-in-a-folder"),
        pytest.param(
            "**/*.md", {"README.md", "docs/index.md", "app/deep/notes.md"}, id="two-stars"
        ),
        pytest.param("**/__pycache__", {"app/__pycache__/main.pyc"}, id="everywhere"),
        pytest.param(
            "app\n!app/main.py", {"app/deep/notes.md", "app/__pycache__/main.pyc"}, id="not"
        ),
        pytest.param("doc?", {"docs/index.md"}, id="one-character"),
        pytest.param("Dockerfile", set(), id="docker-needs-its-file"),
    ],
)
def test_patterns_are_those_of_docker(folder: Path, ignored: str, gone: set[str]) -> None:
    assert left(folder, ignored) == sorted(set(FILES) - gone)


def test_a_copy_has_what_docker_gets_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    (folder / ".dockerignore").write_text("docs\napp\n")
    copy_context(folder, "Dockerfile", tmp_path / "copy")
    copied = [path.name for path in sorted((tmp_path / "copy").rglob("*"))]
    assert copied == [".dockerignore", "Dockerfile", "README.md"]
