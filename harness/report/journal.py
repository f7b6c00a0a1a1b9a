"""The journal: every record of a run as one line of JSON, streamed to disk, and hashed.

Two runs of one plan write the same bytes, so comparing runs is comparing hashes, and the first
line that differs is the first thing that went another way. Wall time, process ids and paths never
enter a line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from harness.simulation.records import SCHEMA, Record

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS


def line_of(record: Record) -> bytes:
    """One record as a line of the journal.

    `kind` is the record's; that of the object it is about is `object_kind`.
    """
    data = dict(record.data)
    if "kind" in data:
        data["object_kind"] = data.pop("kind")
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "seq": record.seq,
        "time_ns": record.time_ns,
        "kind": record.kind,
        "actor": record.actor,
        "connection": record.connection,
        "rv": record.rv,
        "causes": record.causes,
        "certainty": record.certainty,
        **data,
    }
    return orjson.dumps(document, option=_OPTIONS)


class JournalWriter:
    """Follows a `Recorder`; hashes every line and, given a file, writes it there at once.

    Args:
        file: Where to stream the lines; None only hashes.
    """

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file = file
        self._hash = hashlib.blake2b(digest_size=16)
        self.lines = 0

    def __call__(self, record: Record) -> None:
        """Take one record; made to be given to `Recorder.follow`."""
        line = line_of(record)
        self._hash.update(line)
        self.lines += 1
        if self._file is not None:
            self._file.write(line)

    @property
    def journal_hash(self) -> str:
        """Hash of all lines so far; equal for equal plans."""
        return self._hash.hexdigest()


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal file as dicts, in order; a torn last line is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


def first_divergence(
    one: Path, other: Path, *, ignore: Callable[[bytes], bool] | None = None
) -> tuple[int, bytes, bytes] | None:
    """Line number and both lines where two journals first differ, or None when they are equal.

    A journal that ends early differs at the line after its end, which reads as empty.
    """
    with one.open("rb") as left, other.open("rb") as right:
        number = 0
        while True:
            number += 1
            a, b = left.readline(), right.readline()
            if a != b and not (ignore and ignore(a) and ignore(b)):
                return number, a, b
            if not a:
                return None
