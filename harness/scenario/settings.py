"""What a project says once for all its scenarios: which operator, which manifests, which images.

Read from `[tool.operator-harness]` of the nearest `pyproject.toml` at or above the scenario file,
so that `harness run scenarios/` needs no flags:

    [tool.operator-harness]
    manifests = ["operator/manifests"]          # applied before the first step
    [tool.operator-harness.subject]
    module = "aiservice_operator.handlers"      # a kopf module, or: command = ["my-operator"]
    deployment = "ai-operator"                  # gives namespace, service account and environment
    [tool.operator-harness.stack]
    program = "infra"                           # a Pulumi program that provisions real clusters
    [[tool.operator-harness.images]]
    tag = "aiservice/operator:0.1.0"            # built and loaded for a kind cluster
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError, field_validator

from harness.clusters.kind.images import BASE_ARGUMENT, ImageBuild
from harness.errors import FormatError, UsageError
from harness.vocabulary import StrictModel, did_you_mean

if TYPE_CHECKING:
    from harness.clusters.stack import StackProgram

TABLE = "operator-harness"


class SubjectSettings(StrictModel):
    """The operator under test."""

    module: str = ""
    """A kopf module, run in this process on virtual time; several are separated by commas."""
    command: list[str] = []
    """A program, run in real time with a kubeconfig."""
    deployment: str = ""
    """Its Deployment in the manifests: namespace, service account and environment come from it."""
    namespace: str = "default"
    """Where it runs when no Deployment says so."""
    replicas: int = Field(default=1, ge=1)
    """How many of them."""
    fresh_modules: list[str] = []
    """Modules outside of its package that keep state, and so are imported anew at each start."""


class StackSettings(StrictModel):
    """The Pulumi program that provisions a real cluster, instead of the manifests."""

    program: str = "infra"
    """Its folder, with a `__main__.py`."""
    name: str = "harness"
    """What the stack is called; programs see it as `pulumi.get_stack()`."""
    config: dict[str, str] = {}
    """Its configuration; names without a colon belong to the program's project."""


class ImageSettings(StrictModel):
    """An image that pods of a kind cluster run, built from a Dockerfile of the project."""

    tag: str
    """Its name and version; never `latest`, for which a kubelet would ask a registry."""
    context: str = "."
    """The folder that Docker gets."""
    dockerfile: str = "Dockerfile"
    """Its place in that folder."""
    target: str = ""
    """The stage to build; the last one when nothing is said."""
    args: dict[str, str] = {}
    """Build arguments; with `BASE_IMAGE`, wheels for its Python are put into the context."""

    @field_validator("tag")
    @classmethod
    def _has_a_version(cls, tag: str) -> str:
        version = tag.rpartition("/")[2].partition(":")[2]
        if version in ("", "latest"):
            raise ValueError(f"{tag!r} needs a version that is not latest, such as NAME:0.1.0")
        return tag


class Settings(StrictModel):
    """`[tool.operator-harness]`, with paths made absolute."""

    manifests: list[str] = []
    """Files and folders of manifests, applied before the first step."""
    subject: SubjectSettings = SubjectSettings()
    """The operator under test."""
    stack: StackSettings | None = None
    """What provisions `kind` and `existing`; where nothing is said, the manifests are applied."""
    programs: dict[str, str] = {}
    """Images that are Python functions in `sim`: a glob, and `module:function`."""
    images: list[ImageSettings] = []
    """Images to build and to load into a kind cluster."""
    nodes: int = 3
    """How many nodes the cluster has."""
    externals: list[str] = []
    """Hosts outside the cluster that the subject may reach."""
    root: str = "."
    """The folder of the file that these settings come from."""
    crd: str = ""
    """The definition of the kind, where a command line gave it; then no project counts."""

    @property
    def stack_program(self) -> StackProgram | None:
        """The program of `stack`, with its folder made absolute; None when there is none.

        Raises:
            UsageError: There is no program in that folder.
        """
        if self.stack is None:
            return None
        from harness.clusters.stack import stack_program  # the simulation has no use for it

        return stack_program(
            Path(self.root, self.stack.program), name=self.stack.name, config=self.stack.config
        )

    def image_builds(self, base_image: str = "") -> list[ImageBuild]:
        """What `images` asks to build, with contexts made absolute.

        Args:
            base_image: Instead of the build argument `BASE_IMAGE` of every image.
        """
        base = {BASE_ARGUMENT: base_image} if base_image else {}
        return [
            ImageBuild(
                image.tag,
                Path(self.root, image.context).absolute(),
                image.dockerfile,
                image.target,
                {**image.args, **base},
            )
            for image in self.images
        ]

    @property
    def manifest_paths(self) -> list[Path]:
        """Files to apply, in order: those named, and the YAML files of named folders."""
        found: list[Path] = []
        for name in self.manifests:
            path = Path(self.root, name)
            if path.is_dir():
                found += sorted(path.glob("*.yaml")) + sorted(path.glob("*.yml"))
            elif path.exists():
                found.append(path)
            else:
                raise UsageError(f"manifests names {name!r}, which is not in {self.root}")
        return found


_PARTS: dict[str, type[StrictModel]] = {
    "subject": SubjectSettings,
    "stack": StackSettings,
    "images": ImageSettings,
}


def find_settings(start: Path) -> Settings:
    """The settings that hold for a file or folder; defaults when no project says anything."""
    here = start.resolve()
    for folder in (here, *here.parents) if here.is_dir() else here.parents:
        file = folder / "pyproject.toml"
        if file.is_file():
            table = _table(file)
            if table is not None:
                return _settings(table, file)
    return Settings(root=str(here if here.is_dir() else here.parent))


def chosen_settings(
    start: Path,
    *,
    crd: Path | None = None,
    subject: str | None = None,
    fresh_modules: Sequence[str] = (),
) -> Settings:
    """The settings that hold for a file, where a command line may say otherwise.

    Args:
        start: The file, or a folder.
        crd: With it kind and operator stand alone: nothing of a project counts, and the operator
            is cluster-admin.
        subject: The operator, as for `with_subject`; the project's when None.
        fresh_modules: Beside those of the project.

    Raises:
        UsageError: There is a `crd` and no `subject`.
    """
    if crd is not None and subject is None:
        raise UsageError("--crd needs --subject: with it nothing of a project counts")
    settings = find_settings(start) if crd is None else alone(crd)
    if subject is not None:
        settings = with_subject(settings, subject)
    if fresh_modules:
        fresh = [*settings.subject.fresh_modules, *fresh_modules]
        chosen = settings.subject.model_copy(update={"fresh_modules": list(dict.fromkeys(fresh))})
        settings = settings.model_copy(update={"subject": chosen})
    return settings


def alone(crd: Path) -> Settings:
    """The settings of a kind and its operator, wherever they are."""
    if not crd.is_file():
        raise UsageError(f"--crd {crd} is no file; name a manifest with the definition of the kind")
    return Settings(manifests=[str(crd.absolute())], root=str(Path.cwd()), crd=str(crd.absolute()))


def with_subject(settings: Settings, subject: str) -> Settings:
    """`settings` with another operator: a module (or several, by commas), or a command, no shell.

    It keeps namespace, service account and environment of the Deployment that the project names.
    """
    import shlex

    words = shlex.split(subject)
    if not words:
        raise UsageError("--subject is empty; write a kopf module or a command")
    is_module = len(words) == 1 and all(
        part.isidentifier() for part in words[0].replace(",", ".").split(".")
    )
    chosen = {"module": words[0], "command": []} if is_module else {"module": "", "command": words}
    return settings.model_copy(update={"subject": settings.subject.model_copy(update=chosen)})


def _table(file: Path) -> dict[str, Any] | None:
    try:
        document = tomllib.loads(file.read_text())
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"not TOML: {error}", file=str(file)) from None
    table: dict[str, Any] | None = document.get("tool", {}).get(TABLE)
    return table


def _settings(table: dict[str, Any], file: Path) -> Settings:
    try:
        return Settings.model_validate({**table, "root": str(file.parent)})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"[tool.{TABLE}] {where}: {first['msg']}"
        if first["type"] == "extra_forbidden":
            known = _PARTS.get(str(first["loc"][0]), Settings)
            remedy = did_you_mean(str(first["loc"][-1]), known.model_fields)
            message = f"[tool.{TABLE}] {where} is unknown{remedy}"
        raise FormatError(message, file=str(file)) from None
