"""Fenced blocks of a page of documentation, so that tests can carry out what the page says.

The words after the language say what a block is; GitHub shows none of them:

    ```yaml file=crd.yaml      the reader writes this file
    ```yaml scenario           a whole scenario file, which must be valid
    ```yaml steps              the steps of a scenario, which must be valid in one
    ```yaml scenario passes    (or steps) the AIService operator must pass it
    ```console                 commands after `$ `, and below each what it prints
    ```console exit=1          the last command ends with this exit code
    ```console norun           shown only: it needs what a test has not, or takes too long
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONTINUES = re.compile(r"<!-- continues: (\S+) -->")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    words: dict[str, str]
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass
class Command:
    """A command of a console block, and the lines that it prints."""

    line: str
    output: list[str] = field(default_factory=list)


def blocks(page: Path) -> Iterator[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text()
    for match in _BLOCK.finditer(text):
        language, info, body = match.groups()
        words = dict(word.partition("=")[::2] for word in info.split())
        yield Block(page, text.count("\n", 0, match.start()) + 1, language, words, body)


def files(page: Path) -> dict[str, str]:
    """The files that a reader has at the end of a page, those of the page before it included."""
    continued = _CONTINUES.search(page.read_text())
    found = files(page.parent / continued[1]) if continued else {}
    found.update(
        {block.words["file"]: block.text for block in blocks(page) if "file" in block.words}
    )
    return found


def files_before(page: Path) -> dict[str, str]:
    """The files that a reader has when the page begins."""
    continued = _CONTINUES.search(page.read_text())
    return files(page.parent / continued[1]) if continued else {}


def commands(block: Block) -> list[Command]:
    """The commands of a console block; a line that ends with a backslash goes on."""
    found: list[Command] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif found and found[-1].line.endswith("\\"):
            found[-1].line = found[-1].line[:-1] + line.strip()
        elif found:
            found[-1].output.append(line)
    return found
