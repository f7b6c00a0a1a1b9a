"""One line that says how to start an operator, read as what to run.

my_operator.handlers                       a kopf module, on virtual time
kopf run -m my_operator.handlers -n prod   the same, with what kopf was told
kopf run src/handlers.py                   a file; its folder is put on sys.path, as kopf does
./manager --leader-elect=false             any other program, in real time
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.subjects.spec import SubjectSpec

_KOPF = (["kopf", "run"], ["python", "-m", "kopf", "run"])
#: Options of `kopf run` that have a place of their own in `SubjectSpec`, and their short names.
_MODULE, _NAMESPACE = ("-m", "--module"), ("-n", "--namespace")
_FIELDS = {
    "--peering": "peering",
    "-P": "peering",
    "--priority": "priority",
    "-p": "priority",
    "--liveness": "liveness",
    "-L": "liveness",
}
#: Options without a value. What they say is either the default here or about printing.
_FLAGS = frozenset(
    {
        "-A",
        "--all-namespaces",
        "--standalone",
        "--dev",
        "-v",
        "--verbose",
        "-d",
        "--debug",
        "-q",
        "--quiet",
    }
)


def subject_of(line: str) -> SubjectSpec:
    """What to run, as cluster-admin.

    Raises:
        UsageError: There is nothing in the line, or kopf would load nothing.
    """
    words = shlex.split(line)
    if not words:
        raise UsageError("the subject is empty; write a kopf module or a command")
    for start in _KOPF:
        if words[: len(start)] == start:
            return _kopf(words[len(start) :], line)
    if len(words) == 1 and all(part.isidentifier() for part in _parts(words[0])):
        return SubjectSpec(module=words[0], service_account="")
    return SubjectSpec(command=tuple(words), service_account="")


def _parts(modules: str) -> list[str]:
    return modules.replace(",", ".").split(".")


def _kopf(words: Sequence[str], line: str) -> SubjectSpec:
    """The arguments of `kopf run`."""
    modules: list[str] = []
    namespaces: list[str] = []
    fields: dict[str, Any] = {}
    rest: list[str] = []
    waiting = _split(words)
    while waiting:
        word = waiting.pop(0)
        if word in _FLAGS:
            continue
        if word.startswith("-") and not waiting:
            raise UsageError(f"{word} of {line!r} has no value")
        if word in _MODULE:
            modules.append(waiting.pop(0))
        elif word in _NAMESPACE:
            namespaces.append(waiting.pop(0))
        elif word in _FIELDS:
            value = waiting.pop(0)
            fields[_FIELDS[word]] = int(value) if _FIELDS[word] == "priority" else value
        elif word.startswith("-"):
            rest += [word, waiting.pop(0)]
        else:
            modules.append(_module_of_file(word))
    if not modules:
        raise UsageError(f"{line!r} names neither a module nor a file to load")
    return SubjectSpec(
        module=",".join(modules),
        namespaces=tuple(namespaces),
        service_account="",
        args=tuple(rest),
        **fields,
    )


def _split(words: Sequence[str]) -> list[str]:
    """`--name=value` as two words."""
    found: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        found += [name, value] if equals and word.startswith("-") else [word]
    return found


def _module_of_file(name: str) -> str:
    path = Path(name)
    if path.suffix != ".py" or not path.is_file():
        raise UsageError(f"{name!r} is no Python file that kopf could load")
    folder = str(path.parent.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return path.stem
