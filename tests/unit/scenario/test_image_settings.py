"""The images of a project, as its settings name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import FormatError
from harness.scenario.settings import find_settings

IMAGE = """
[[tool.operator-harness.images]]
tag = "shop/operator:0.1.0"
context = "operator"
target = "operator"
args = {BASE_IMAGE = "python:3.11-slim", MODE = "fast"}
"""


def written(folder: Path, text: str) -> Path:
    """A project with such settings."""
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_an_image_is_built_from_the_projects_folder(tmp_path: Path) -> None:
    (build,) = find_settings(written(tmp_path, IMAGE)).image_builds()
    assert build.tag == "shop/operator:0.1.0"
    assert build.context == tmp_path / "operator"
    assert (build.dockerfile, build.target) == ("Dockerfile", "operator")
    assert build.arguments == {"BASE_IMAGE": "python:3.11-slim", "MODE": "fast"}


def test_another_base_image_replaces_that_of_every_image(tmp_path: Path) -> None:
    (build,) = find_settings(written(tmp_path, IMAGE)).image_builds("lab/python:3.11")
    assert build.base == "lab/python:3.11"
    assert build.arguments["MODE"] == "fast"


@pytest.mark.parametrize(
    "tag", ["shop/operator", "shop/operator:latest", "localhost:5000/operator", "operator"]
)
def test_a_tag_without_a_version_is_refused(tmp_path: Path, tag: str) -> None:
    folder = written(tmp_path, IMAGE.replace("shop/operator:0.1.0", tag))
    with pytest.raises(FormatError, match=r"needs a version that is not latest, such as NAME:"):
        find_settings(folder)


def test_a_registry_with_a_port_is_no_version(tmp_path: Path) -> None:
    text = IMAGE.replace("shop/operator:0.1.0", "localhost:5000/operator:1")
    (build,) = find_settings(written(tmp_path, text)).image_builds()
    assert build.tag == "localhost:5000/operator:1"


def test_an_unknown_word_of_an_image_is_refused_with_the_nearest(tmp_path: Path) -> None:
    folder = written(tmp_path, IMAGE.replace("target", "targets"))
    with pytest.raises(FormatError, match=r"targets is unknown.*'?target"):
        find_settings(folder)
