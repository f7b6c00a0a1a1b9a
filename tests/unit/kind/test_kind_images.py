"""Images are built when their content has changed, and loaded where they are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clusters.kind.images import (
    BASE_VARIABLE,
    CONTENT_LABEL,
    ImageBuild,
    build_images,
    given_base_image,
    load_images,
    qualified,
)
from harness.errors import InfrastructureError, UsageError
from tests.support.fake_programs import FakePrograms

TAG = "shop/operator:0.1.0"
ROWS = """REF TYPE DIGEST SIZE PLATFORMS LABELS
docker.io/shop/operator:0.1.0 application/x sha256:manifest 1 MiB linux/amd64 -
sha256:image application/x sha256:manifest 1 MiB linux/amd64 -
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A context."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM x\n")
    (folder / "main.py").write_text("pass\n")
    return folder


class Docker(FakePrograms):
    """Remembers the labels of what it has built."""

    def __init__(self) -> None:
        super().__init__()
        self._labels: dict[str, str] = {}
        self.answer("docker build", self._build)
        self.answer("docker image inspect", self._inspect)
        self.answer("docker image inspect {{.Id}}", "sha256:base\n")

    def _build(self, command: Sequence[str]) -> str:
        label = command[command.index("--label") + 1]
        self._labels[command[command.index("--tag") + 1]] = label.partition("=")[2]
        return ""

    def _inspect(self, command: Sequence[str]) -> str:
        return self._labels.get(command[-1], "") + "\n"


def test_an_image_is_built_once(project: Path) -> None:
    docker, build = Docker(), ImageBuild(TAG, project)
    assert build_images([build], run=docker) == [TAG]
    assert build_images([build], run=docker) == []
    assert len(docker.asked("docker build")) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"target": "other"}, id="target"),
        pytest.param({"arguments": {"A": "2"}}, id="argument"),
    ],
)
def test_another_parameter_is_another_image(project: Path, change: dict[str, object]) -> None:
    docker, build = Docker(), ImageBuild(TAG, project, target="one", arguments={"A": "1"})
    build_images([build], run=docker)
    assert build_images([replace(build, **change)], run=docker) == [TAG]  # type: ignore[arg-type]


def test_another_content_or_mode_of_a_file_is_another_image(project: Path) -> None:
    docker, build = Docker(), ImageBuild(TAG, project)
    build_images([build], run=docker)
    (project / "main.py").write_text("print()\n")
    assert build_images([build], run=docker) == [TAG]
    (project / "main.py").chmod(0o755)
    assert build_images([build], run=docker) == [TAG]


def test_another_base_image_is_another_image(project: Path) -> None:
    docker, build = Docker(), ImageBuild(TAG, project, arguments={"BASE_IMAGE": "python:3"})
    build_images([build], run=docker)
    docker.answer("docker image inspect {{.Id}}", "sha256:newer\n")
    assert build_images([build], run=docker) == [TAG]


def test_what_docker_ignores_builds_nothing(project: Path) -> None:
    (project / ".dockerignore").write_text("docs\n")
    docker, build = Docker(), ImageBuild(TAG, project)
    build_images([build], run=docker)
    (project / "docs").mkdir()
    (project / "docs" / "a.md").write_text("new")
    assert build_images([build], run=docker) == []


def test_docker_is_told_all_in_arguments(project: Path) -> None:
    docker = Docker()
    build = ImageBuild(TAG, project, target="operator", arguments={"B": "2", "A": "a b"})
    build_images([build], run=docker)
    (command,) = docker.asked("docker build")
    context = command[-1]
    label = command[command.index("--label") + 1]
    assert label.startswith(f"{CONTENT_LABEL}=")
    assert command == [
        *("docker", "build", "--tag", TAG, "--label", label),
        *("--file", f"{context}/Dockerfile", "--target", "operator"),
        *("--build-arg", "A=a b", "--build-arg", "B=2", context),
    ]
    assert not Path(context).exists()


def test_images_of_one_context_are_built_from_one_copy(project: Path) -> None:
    docker = Docker()
    build_images([ImageBuild(TAG, project), ImageBuild("other:1", project)], run=docker)
    assert len({command[-1] for command in docker.asked("docker build")}) == 1


@pytest.mark.parametrize(
    ("has_plugin", "environment"),
    [
        pytest.param(True, {}, id="buildkit"),
        pytest.param(False, {"DOCKER_BUILDKIT": "0"}, id="older-builder"),
    ],
)
def test_the_older_builder_is_asked_for_where_docker_has_no_other(
    project: Path, has_plugin: bool, environment: dict[str, str]
) -> None:
    docker = Docker()
    if not has_plugin:
        docker.fail("docker buildx version", "unknown command")
    build_images([ImageBuild(TAG, project)], run=docker)
    assert (
        docker.environments[docker.commands.index(docker.asked("docker build")[0])] == environment
    )


def test_a_base_image_that_is_missing_is_pulled(project: Path) -> None:
    docker = Docker()
    docker.answer("docker image inspect {{.Id}}", "")
    build_images([ImageBuild(TAG, project, arguments={"BASE_IMAGE": "python:3"})], run=docker)
    assert docker.asked("docker pull") == [["docker", "pull", "--quiet", "python:3"]]


def test_a_base_image_that_is_nowhere_is_told_with_a_way_to_name_another(project: Path) -> None:
    docker = Docker()
    docker.answer("docker image inspect {{.Id}}", "")
    docker.fail("docker pull", "no such host")
    with pytest.raises(InfrastructureError, match=f"no such host. .* by {BASE_VARIABLE}$"):
        build_images([ImageBuild(TAG, project, arguments={"BASE_IMAGE": "python:3"})], run=docker)


def test_a_context_without_a_dockerfile_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no Dockerfile in"):
        build_images([ImageBuild(TAG, tmp_path)], run=Docker())


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BASE_VARIABLE, "python:3.12")
    assert given_base_image("python:3.13") == "python:3.13"
    assert given_base_image(None) == "python:3.12"
    monkeypatch.delenv(BASE_VARIABLE)
    assert given_base_image() == ""


def loaded(programs: FakePrograms, *tags: str) -> list[str]:
    """Load onto one node."""
    return load_images(
        tags, kind_bin=Path("/bin/kind"), cluster="demo", nodes=["demo-node"], run=programs
    )


def test_an_image_that_the_node_has_is_not_loaded(programs: FakePrograms) -> None:
    programs.answer("docker image inspect", "sha256:image\n")
    programs.answer("docker exec demo-node ctr", ROWS)
    assert loaded(programs, TAG) == []
    assert programs.asked("/bin/kind") == []


@pytest.mark.parametrize(
    ("identity", "tag"),
    [
        pytest.param("sha256:newer", TAG, id="older-content"),
        pytest.param("sha256:image", "shop/operator:0.2.0", id="another-tag"),
    ],
)
def test_an_image_that_the_node_has_otherwise_is_loaded(
    programs: FakePrograms, identity: str, tag: str
) -> None:
    programs.answer("docker image inspect", f"{identity}\n")
    programs.answer("docker exec demo-node ctr", ROWS)
    assert loaded(programs, tag) == [tag]


def test_all_images_are_loaded_in_one_go(programs: FakePrograms) -> None:
    programs.answer("docker exec demo-node ctr", "REF TYPE DIGEST\n")
    assert loaded(programs, "a:1", "b:1") == ["a:1", "b:1"]
    expected = ["/bin/kind", "load", "docker-image", "a:1", "b:1", "--name", "demo"]
    assert programs.asked("/bin/kind") == [expected]


@pytest.mark.parametrize(
    ("tag", "full"),
    [
        ("python:3.11", "docker.io/library/python:3.11"),
        ("lab/python:3.11", "docker.io/lab/python:3.11"),
        ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("localhost:5000/b:1", "localhost:5000/b:1"),
        ("localhost/b:1", "localhost/b:1"),
    ],
)
def test_names_are_completed_as_containerd_does(tag: str, full: str) -> None:
    assert qualified(tag) == full
