"""Campaign and trial files, read with the same care as scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from harness.errors import FormatError
from harness.scenario.check import checked
from harness.scenario.yaml_tree import Tree, read
from harness.vocabulary import did_you_mean

from ..documents import operations_of
from .formats import CampaignFile, TrialFile

File = TypeVar("File", bound=BaseModel)
_KINDS: dict[str, type[CampaignFile] | type[TrialFile]] = {
    "Campaign": CampaignFile,
    "Trial": TrialFile,
}


def read_campaign(file: Path) -> CampaignFile:
    """A campaign file.

    Raises:
        FormatError: What is wrong with it, and where.
    """
    return _one(file, CampaignFile, "Campaign")


def read_trial(file: Path) -> TrialFile:
    """A trial file, its operations checked.

    Raises:
        FormatError: What is wrong with it, and where.
    """
    return _one(file, TrialFile, "Trial")


def check_files(file: Path) -> int:
    """Check the campaigns and trials of a YAML file; how many there are.

    Raises:
        FormatError: What is wrong with one, and where.
    """
    found = 0
    for tree in _trees(file, kubectl=True):
        kind = tree.value.get("kind") if isinstance(tree.value, dict) else None
        if isinstance(kind, str) and kind in _KINDS and _is_ours(tree):
            _one(file, _KINDS[kind], kind)
            found += 1
    return found


def _is_ours(tree: Tree) -> bool:
    return str(tree.value.get("apiVersion", "")).startswith("harness.dev/")


def _trees(file: Path, *, kubectl: bool = False) -> list[Tree]:
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read: {error}", file=str(file)) from None
    return read(text, str(file), kubectl=kubectl)


def _one(file: Path, model: type[File], kind: str) -> File:
    trees = _trees(file)
    if len(trees) != 1:
        message = f"a {kind} file has one document, and this has {len(trees)}"
        raise FormatError(message, file=str(file))
    (tree,) = trees
    if not isinstance(tree.value, dict):
        raise tree.error(f"a {kind} is a mapping with apiVersion, kind, metadata, spec", ())
    if tree.value.get("kind") != kind:
        remedy = did_you_mean(str(tree.value.get("kind")), [kind])
        raise tree.error(f"kind is {tree.value.get('kind')!r}; write {kind}{remedy}", ("kind",))
    found = checked(model, tree, tree.value)
    if isinstance(found, TrialFile):
        _check_operations(found, tree)
    return found


def _check_operations(trial: TrialFile, tree: Tree) -> None:
    for index, operation in enumerate(trial.spec.operations):
        try:
            operations_of({"operations": [operation]})
        except FormatError as error:
            raise tree.error(error.message, ("spec", "operations", index)) from None
