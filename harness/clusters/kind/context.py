"""The context of a Docker build: the files of a folder that its `.dockerignore` leaves in.

Docker reads that file itself. It is read here too, because a change of what Docker ignores must
not build anything anew. Patterns as Docker documents them: `*` within a folder, `**` across
folders, `!` takes back.
Source: https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.errors import UsageError

_IGNORE_FILE = ".dockerignore"


def context_files(context: Path, dockerfile: str) -> Iterator[tuple[str, Path]]:
    """The files that decide a build, by relative path, in order.

    Raises:
        UsageError: There is no such folder or Dockerfile.
    """
    if not (context / dockerfile).is_file():
        raise UsageError(
            f"images: there is no {dockerfile} in {context}; write the folder that Docker shall "
            f"get as `context`, and the file's place in it as `dockerfile`"
        )
    ignored = _Ignored(context / _IGNORE_FILE)
    for file in sorted(path for path in context.rglob("*") if path.is_file()):
        relative = file.relative_to(context).as_posix()
        if relative in (dockerfile, _IGNORE_FILE) or not ignored(relative):
            yield relative, file


def copy_context(context: Path, dockerfile: str, copy: Path) -> None:
    """Copy those files into a new folder."""
    for relative, file in context_files(context, dockerfile):
        (copy / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy / relative)


class _Ignored:
    """Whether a path is left out; the last pattern that matches decides."""

    def __init__(self, file: Path) -> None:
        lines = file.read_text().splitlines() if file.is_file() else []
        patterns = [line.strip() for line in lines]
        self._patterns = [
            (not pattern.startswith("!"), _expression(pattern.lstrip("!").strip("/")))
            for pattern in patterns
            if pattern and not pattern.startswith("#")
        ]

    def __call__(self, relative: str) -> bool:
        ignored = False
        for leaves_out, expression in self._patterns:
            if expression.fullmatch(relative):
                ignored = leaves_out
        return ignored


def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression for a path, which may also lie in what matches."""
    text = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part)
        text += re.escape(part) if wild is None else wild
    return re.compile(f"{text}(?:/.*)?")
