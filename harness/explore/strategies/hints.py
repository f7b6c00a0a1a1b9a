"""What fields mean that their schema does not tell: from a file, from the CRD, or from their names.

    # hints.yaml
    hints:
      spec.workers: {means: replicas}                # kept small: a thousand pods teach nothing new
      spec.image: {means: image, values: [app:1, app:2]}     # images that exist in the simulation
      spec.storage.class: {values: [standard]}       # drawn from these alone
      spec.debug: {means: ignored}                   # never drawn

The same text may stand in the CRD itself, in its annotation `harness.dev/hints`. A file wins over
the annotation, and both over what names suggest; `describe_hints` shows the result as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

from harness.errors import FormatError
from harness.scenario.check import checked
from harness.scenario.yaml_tree import Tree, read
from harness.vocabulary import StrictModel, did_you_mean

from .guessing import Guess, Meaning, guesses
from .kind import CustomKind, Definition, kind_of
from .paths import everything

ANNOTATION = "harness.dev/hints"

#: A hints file, or its content.
HintsSource = str | Path | Mapping[str, Any] | None


def _known_meaning(word: Any) -> Any:
    known = (*get_args(Meaning), "ignored")
    if word is not None and word not in known:
        raise ValueError(f"no field means {word!r}{did_you_mean(str(word), known)}")
    return word


class HintEntry(StrictModel):
    """What one property means."""

    means: Annotated[Meaning | Literal["ignored"] | None, BeforeValidator(_known_meaning)] = None
    """What stands there; `ignored` is never drawn."""
    values: list[Any] = []
    """What is drawn; the schema still judges each."""
    most: int | None = None
    """The largest number drawn."""


class HintsFile(StrictModel):
    """A hints file."""

    hints: dict[str, Any] = {}
    """By the path of the property, as `harness.strategies.properties` writes them."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a place means, and how that is known.

    Args:
        values: What is drawn there; of a guess, what is drawn first.
        source: For people.
    """

    means: Meaning | Literal["ignored"] | None
    values: tuple[Any, ...] = ()
    most: int | None = None
    source: str = ""
    is_guess: bool = False


def hints_for(kind: CustomKind, source: HintsSource) -> dict[str, Hint]:
    """The hints for a kind, by path of the schema.

    Raises:
        FormatError: A hint has an unknown key or meaning, or is for a property that is not there.
    """
    found = {path: _of_guess(guess) for path, guess in guesses(kind).items()}
    definition = kind.resource.definition or {}
    annotations = (definition.get("metadata") or {}).get("annotations") or {}
    if ANNOTATION in annotations:
        found.update(_parsed(kind, annotations[ANNOTATION], f"annotation {ANNOTATION}"))
    if isinstance(source, Mapping):
        found.update(_of_entries(kind, Tree("hints", dict(source)), "given"))
    elif source is not None:
        found.update(_parsed(kind, _text_of(Path(source)), str(source)))
    return found


def describe_hints(
    crd: Definition, version: str | None = None, *, hints: HintsSource = None
) -> str:
    """What the search takes fields for, one line each, with the source of that knowledge."""
    lines = [
        f"{path}: {hint.means or 'one of the values'}{_shown(hint)} ({hint.source})"
        for path, hint in sorted(hints_for(kind_of(crd, version), hints).items())
    ]
    return "\n".join(lines)


def _shown(hint: Hint) -> str:
    parts = [str(value) for value in hint.values]
    parts += [f"at most {hint.most}"] if hint.most is not None else []
    return f" {', '.join(parts)}" if parts else ""


def _of_guess(guess: Guess) -> Hint:
    return Hint(guess.means, guess.values, guess.most, f"guessed from {guess.reason}", True)


def _text_of(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise FormatError(f"cannot be read: {error.strerror}", file=str(path)) from None


def _parsed(kind: CustomKind, text: str, name: str) -> dict[str, Hint]:
    found: dict[str, Hint] = {}
    for tree in read(text, name):
        found.update(_of_entries(kind, tree, name))
    return found


def _of_entries(kind: CustomKind, tree: Tree, source: str) -> dict[str, Hint]:
    file = checked(HintsFile, tree, tree.value)
    known = [path for _, path in everything(kind.schema, "") if path]
    found: dict[str, Hint] = {}
    for path, written in file.hints.items():
        if path not in known:
            words = f"{kind.resource.kind} has no property {path!r}{_near(path, known)}"
            raise tree.error(words, ("hints", path), at_key=True)
        entry = checked(HintEntry, tree, written, ("hints", path))
        found[path] = Hint(entry.means, tuple(entry.values), entry.most, source)
    return found


def _near(path: str, known: list[str]) -> str:
    """The nearest property; there may be a thousand, so never the list of all."""
    near = did_you_mean(path, known)
    return near if "did you mean" in near else ""
