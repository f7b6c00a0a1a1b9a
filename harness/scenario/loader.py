"""From paths to checked cases: find files, read them, multiply by the matrix, check each case.

    collect(paths) > read YAML > for each combination: substitute > check > Case

A file may hold several documents; those that are no Scenario (a manifest, say) are passed over
when a folder is searched, and refused when the file itself was named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.apiserver.requests import Object
from harness.errors import FormatError, UsageError
from harness.vocabulary import ObjectReference, did_you_mean, parse_reference

from .check import FormatErrors, checked
from .expand import bindings_of, combinations, substitute
from .model import API_VERSION, Scenario
from .names import check_names
from .yaml_tree import Tree, read

#: Kinds of files beside scenarios, and the option of `harness fuzz` that takes them.
OF_FUZZING = {"Campaign": "--campaign", "Trial": "--replay"}


@dataclass(frozen=True)
class Case:
    """One scenario with one combination of its matrix: everything but the seed is settled."""

    scenario: Scenario
    values: Mapping[str, Any]
    bindings: Mapping[str, Any]
    tree: Tree
    namespace: str
    #: File as the user gave it.
    file: str

    @property
    def name(self) -> str:
        """`children-deleted[kind=Service]`."""
        return self.scenario.metadata.name + self.matrix_text

    @property
    def matrix_text(self) -> str:
        """`[kind=Service,size=3]`, or empty without a matrix."""
        pairs = ",".join(f"{name}={value}" for name, value in self.values.items())
        return f"[{pairs}]" if pairs else ""

    @property
    def objects(self) -> dict[str, ObjectReference]:
        """The names of `objects:`."""
        return {name: parse_reference(text) for name, text in self.scenario.spec.objects.items()}

    @property
    def runs_own_code(self) -> bool:
        """Whether it has scripts, or faults of its own code, which `--allow-custom` must permit."""
        steps = self.scenario.spec.steps
        return any(action.script is not None for step in steps for action in step.do) or any(
            fault.fault.runs_own_code for step in steps for fault in step.faults
        )

    def manifests(self, file: str) -> list[Object]:
        """The objects of a manifest file beside the scenario, bindings put in."""
        return read_manifests(Path(self.file).parent / file, self.bindings)


def read_manifests(path: Path, bindings: Mapping[str, Any] | None = None) -> list[Object]:
    """All objects of a manifest file, read as kubectl reads it; lists are opened.

    Args:
        path: The file.
        bindings: Put in for `$(name)`; None leaves the text as it is.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    found: list[Object] = []
    for tree in read(text, str(path), kubectl=True):
        value = tree.value if bindings is None else substitute(tree, tree.value, bindings)
        items = value.get("items") if isinstance(value, dict) else None
        found += items if isinstance(items, list) and value["kind"].endswith("List") else [value]
    for item in found:
        if not isinstance(item, dict) or "apiVersion" not in item or "kind" not in item:
            raise FormatError("an object needs apiVersion and kind", file=str(path))
    return found


def collect(paths: Iterable[Path]) -> list[Path]:
    """The YAML files at or below `paths`, sorted; a path that is not there is an error."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = (file for file in path.rglob("*") if file.suffix in (".yaml", ".yml"))
            files += sorted(file for file in found if not _hidden(file.relative_to(path)))
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(f"{path} does not exist; name a scenario file or a folder of them")
    return list(dict.fromkeys(files))


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def load_cases(paths: Sequence[Path]) -> list[Case]:
    """All cases of all scenarios at or below `paths`.

    Raises:
        FormatErrors: Everything that is wrong with all files.
    """
    cases: list[Case] = []
    errors: list[FormatError] = []
    for file in collect(paths):
        try:
            cases += load_file(file, named=file in paths)
        except FormatErrors as many:
            errors += many.errors
        except FormatError as one:
            errors.append(one)
    if errors:
        raise FormatErrors(errors)
    _refuse_twins(cases)
    return cases


def _refuse_twins(cases: Sequence[Case]) -> None:
    seen: dict[str, str] = {}
    for case in cases:
        other = seen.setdefault(case.name, case.file)
        if other != case.file:
            message = f"{case.file} and {other} are both called {case.name!r}; rename one"
            raise UsageError(message)


def load_file(file: Path, *, named: bool = True) -> list[Case]:
    """The cases of one file; with `named`, a file without scenarios is an error."""
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot be read: {error}", file=str(file)) from None
    # A manifest among the scenarios is judged as a manifest, not as strict YAML.
    trees = [tree for tree in read(text, str(file), kubectl=True) if named or _is_scenario(tree)]
    if not trees:
        return []
    strict = read(text, str(file))
    return [case for tree in strict if named or _is_scenario(tree) for case in _cases(tree)]


def is_of_fuzzing(tree: Tree) -> bool:
    """Whether a document is a campaign or a trial, which `harness fuzz` plays."""
    return _is_ours(tree) and tree.value.get("kind") in OF_FUZZING


def _is_scenario(tree: Tree) -> bool:
    """Whether a document is ours and no other kind than a scenario that we know."""
    return _is_ours(tree) and not is_of_fuzzing(tree)


def _is_ours(tree: Tree) -> bool:
    version = tree.value.get("apiVersion") if isinstance(tree.value, dict) else None
    return isinstance(version, str) and version.partition("/")[0] == API_VERSION.partition("/")[0]


def _cases(tree: Tree) -> Iterator[Case]:
    _check_head(tree)
    for values in combinations(tree):
        namespace = _namespace(tree, values)
        bindings = bindings_of(tree, values, {"namespace": namespace})
        document = dict(tree.value)
        document["spec"] = {
            key: value
            if key in ("bindings", "matrix")
            else substitute(tree, value, bindings, ("spec", key))
            for key, value in (document.get("spec") or {}).items()
        }
        scenario = checked(Scenario, tree, document)
        case = Case(scenario, values, bindings, tree, namespace, tree.file)
        check_names(case)
        yield case


def _check_head(tree: Tree) -> None:
    if not isinstance(tree.value, dict):
        raise tree.error("a scenario is a mapping with apiVersion, kind, metadata, spec", ())
    version, kind = tree.value.get("apiVersion"), tree.value.get("kind")
    if version != API_VERSION:
        message = f"apiVersion is {version!r}; write {API_VERSION}"
        raise tree.error(message, ("apiVersion",))
    if is_of_fuzzing(tree):
        message = f"a {kind} is played by `harness fuzz`, with {OF_FUZZING[str(kind)]} FILE"
        raise tree.error(message, ("kind",))
    if kind != "Scenario":
        remedy = did_you_mean(str(kind), ["Scenario"])
        raise tree.error(f"kind is {kind!r}; write Scenario{remedy}", ("kind",))
    if not isinstance(tree.value.get("spec"), dict):
        raise tree.error("spec is missing; it holds the steps", ())


def _namespace(tree: Tree, values: Mapping[str, Any]) -> str:
    """The case's own namespace: readable, and a function of scenario and matrix values."""
    name = str((tree.value.get("metadata") or {}).get("name", "scenario"))
    if not values:
        return f"{name[:50]}"
    text = "\x1f".join(f"{key}={value}" for key, value in values.items())
    return f"{name[:50]}-{hashlib.blake2b(text.encode(), digest_size=3).hexdigest()}"
