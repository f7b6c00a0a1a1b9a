"""Images of the operator and what it runs: built when their content changed, and loaded.

    content hash = label of the image?  ─ yes ─▶ nothing to build
        no ▶ copy of the context + `wheels/` ▶ docker build ▶ kind load, unless the node has it

The machine that runs the harness has a package index, the build need not have one: the wheels for
the image's Python are fetched beforehand and put into the context. The hash covers the context,
the build's parameters and the base image, not what an index has to offer: delete the image to get
newer dependencies.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InfrastructureError
from harness.subjects.scratch import scratch_prefix

from .commands import CommandFailed, Run, run
from .context import context_files, copy_context
from .wheels import WHEELS, put_wheels

CONTENT_LABEL = "dev.operator-harness.content"
_LABEL_TEMPLATE = f'{{{{index .Config.Labels "{CONTENT_LABEL}"}}}}'
#: Names a base image for all builds, over what the settings say.
BASE_VARIABLE = "OPERATOR_HARNESS_BASE_IMAGE"
BASE_ARGUMENT = "BASE_IMAGE"
_BUILD_SECONDS = 900.0
_LOAD_SECONDS = 300.0


@dataclass(frozen=True)
class ImageBuild:
    """One image to be built.

    Args:
        tag: Its name and version, such as `aiservice/operator:0.1.0`; never `latest`, which makes
            a kubelet ask a registry.
        context: The folder that Docker gets, which is a Python project when it has a
            `pyproject.toml`.
        dockerfile: In that folder.
        target: The stage to build; empty for the last one.
        arguments: Build arguments.
    """

    tag: str
    context: Path
    dockerfile: str = "Dockerfile"
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The base image, where it is given as a build argument."""
        return self.arguments.get(BASE_ARGUMENT, "")


def given_base_image(option: str | None = None) -> str:
    """The base image that a user asks for: by an option, else by the environment; or none."""
    return option or os.environ.get(BASE_VARIABLE, "")


def build_images(builds: Sequence[ImageBuild], *, run: Run = run) -> list[str]:
    """Build the images whose content has changed; returns the tags of those that were built.

    Raises:
        UsageError: A context or Dockerfile is missing.
        CommandFailed: pip or Docker failed; the text has their last words.
    """
    changed = []
    for build in builds:
        content = _content(build, run)
        if _inspected(build.tag, _LABEL_TEMPLATE, run) != content:
            changed.append((build, content))
    if changed:
        _build_all(changed, run)
    return [build.tag for build, _ in changed]


def _content(build: ImageBuild, run: Run) -> str:
    """The hash of all that decides what an image has in it."""
    digest = hashlib.sha256()
    for relative, file in context_files(build.context, build.dockerfile):
        digest.update(f"{relative}\0{file.stat().st_mode & 0o111}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    parameters = sorted(build.arguments.items())
    base = _identity_of_base(build.base, run) if build.base else ""
    digest.update(repr((build.dockerfile, build.target, parameters, base)).encode())
    return digest.hexdigest()


def _identity_of_base(image: str, run: Run) -> str:
    """The base image's id; it is pulled when this machine has it not."""
    identity = _inspected(image, "{{.Id}}", run)
    if identity:
        return identity
    try:
        run(["docker", "pull", "--quiet", image], timeout_seconds=_BUILD_SECONDS)
    except CommandFailed as error:
        raise InfrastructureError(
            f"base image {image} is not on this machine and cannot be pulled: {error}. Name one "
            f"that is there, with Python and pip in it, by {BASE_VARIABLE}"
        ) from None
    return _inspected(image, "{{.Id}}", run)


def _inspected(image: str, template: str, run: Run) -> str:
    """What Docker knows of a local image; empty when it has none."""
    try:
        return run(["docker", "image", "inspect", "--format", template, image]).strip()
    except CommandFailed:
        return ""


def _build_all(changed: Sequence[tuple[ImageBuild, str]], run: Run) -> None:
    """Build with one copy of each context, so that images share their layers."""
    with tempfile.TemporaryDirectory(prefix=scratch_prefix("images")) as folder:
        prepared: dict[tuple[Path, str, str], Path] = {}
        for build, content in changed:
            key = (build.context, build.dockerfile, build.base)
            if key not in prepared:
                prepared[key] = copy = Path(folder, str(len(prepared)))
                copy_context(build.context, build.dockerfile, copy)
                put_wheels(build.context, copy, build.base, run=run)
            _build(build, content, prepared[key], run)


def _build(build: ImageBuild, content: str, context: Path, run: Run) -> None:
    command = ["docker", "build", "--tag", build.tag, "--label", f"{CONTENT_LABEL}={content}"]
    command += ["--file", str(context / build.dockerfile)]
    if (context / WHEELS).is_dir():
        command += ["--network", "none"]  # all that is needed is there, and here this is proven
    if build.target:
        command += ["--target", build.target]
    for name, value in sorted(build.arguments.items()):
        command += ["--build-arg", f"{name}={value}"]
    environment = {} if _has_buildkit(run) else {"DOCKER_BUILDKIT": "0"}
    run([*command, str(context)], environment=environment, timeout_seconds=_BUILD_SECONDS)


def _has_buildkit(run: Run) -> bool:
    """Without its plugin, newer docker programs build by the older builder only when told to."""
    try:
        run(["docker", "buildx", "version"])
    except CommandFailed:
        return False
    return True


def load_images(
    tags: Sequence[str], *, kind_bin: Path, cluster: str, nodes: Sequence[str], run: Run = run
) -> list[str]:
    """Copy images of this machine's Docker onto the nodes; returns the tags that were copied.

    Raises:
        CommandFailed: kind cannot load them.
    """
    missing = [tag for tag in tags if not all(_has_image(node, tag, run) for node in nodes)]
    if missing:
        command = [str(kind_bin), "load", "docker-image", *missing, "--name", cluster]
        run(command, timeout_seconds=_LOAD_SECONDS)
    return missing


def _has_image(node: str, tag: str, run: Run) -> bool:
    """Whether the node's containerd has this very image under this name.

    It lists images by name and by `sha256:ID`; both rows have the same digest then.
    """
    identity = _inspected(tag, "{{.Id}}", run)
    rows = run(["docker", "exec", node, "ctr", "--namespace", "k8s.io", "images", "ls"])
    digests = {}
    for line in rows.splitlines()[1:]:
        columns = line.split()
        digests[columns[0]] = columns[2]
    name = digests.get(qualified(tag))
    return bool(identity) and name is not None and name == digests.get(identity)


def qualified(tag: str) -> str:
    """An image's name with its registry, as containerd keeps it.

    >>> qualified("python:3.11")
    'docker.io/library/python:3.11'
    """
    first, slash, _ = tag.partition("/")
    if not slash:
        return f"docker.io/library/{tag}"
    has_registry = "." in first or ":" in first or first == "localhost"
    return tag if has_registry else f"docker.io/{tag}"
