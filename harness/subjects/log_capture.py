"""The log of an in-process subject, as records of the journal.

Texts are made independent of the machine: object addresses and the places of installed packages
differ between processes that do the same, so they are masked.
"""

from __future__ import annotations

import logging
import re
import site
import sys
from pathlib import Path

from harness.simulation.records import Recorder

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


def _places() -> list[tuple[str, str]]:
    """Folders to mask, longest first."""
    packages = [(place, "<packages>") for place in site.getsitepackages()]
    library = [(str(Path(logging.__file__).parent.parent), "<python>")]
    here = [(str(Path.cwd()), "<here>"), (sys.prefix, "<prefix>")]
    others = [(place, "<path>") for place in sys.path if place.startswith("/")]
    # Of equal places the first name counts: sorting keeps their order.
    return sorted(packages + library + here + others, key=lambda item: -len(item[0]))


class Masker:
    """Makes texts equal that differ only by the machine they were written on."""

    def __init__(self) -> None:
        self._places = _places()

    def __call__(self, text: str) -> str:
        """The text without addresses and places."""
        if " at 0x" in text:
            text = _ADDRESS.sub("at 0x...", text)
        if "/" in text:
            for place, name in self._places:
                text = text.replace(place, name)
        return text


class JournalHandler(logging.Handler):
    """Writes log records into the journal in a subject's name."""

    def __init__(self, recorder: Recorder, actor: str) -> None:
        super().__init__()
        self._recorder = recorder
        self._actor = actor
        self._mask = Masker()
        self._formatter = logging.Formatter("%(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one log record down, with the object it is about and the traceback."""
        try:
            text = self._formatter.format(record)
        except Exception:  # noqa: BLE001 -- a log call with wrong arguments must not end the run
            text = f"{record.msg} {record.args}"
        self.write(record.levelname, record.name, _about(record) + text)

    def write(self, level: str, logger: str, message: str) -> None:
        """Write one line down."""
        self._recorder.record(
            "log", actor=self._actor, level=level, logger=logger, message=self._mask(message)
        )

    def write_output(self, stream: str, line: str) -> None:
        """Write down what the subject printed."""
        if line:
            self.write("INFO", stream, line)


def _about(record: logging.LogRecord) -> str:
    """`[namespace/name] ` of the object that kopf logs about, as kopf's own formatter has it."""
    reference = getattr(record, "k8s_ref", None)
    if not isinstance(reference, dict):
        return ""
    name, namespace = reference.get("name", ""), reference.get("namespace")
    return f"[{namespace}/{name}] " if namespace else f"[{name}] "
