"""An exception in a subject's log: its type, and the innermost place in the subject's own code.

    Traceback (most recent call last):
      File "<packages>/kopf/_core/actions/invocation.py", line 139, in invoke
      File "<here>/my_operator/handlers.py", line 12, in create
    KeyError: 'size'                                 ->  KeyError, my_operator/handlers.py:create

Places come masked (`harness.subjects.log_capture`). Line numbers are left out: they change with
every edit of the file, and the same fault must keep its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.simulation.records import Record

from .quiet import is_subjects

_FRAME = re.compile(r'^\s+File "(?P<file>[^"]+)", line \d+, in (?P<function>\S+)', re.MULTILINE)
_RAISED = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)
_MARK = "Traceback (most recent call last)"
#: Beginnings of places that are not the subject's.
_NOT_THE_SUBJECTS = ("<packages>", "<python>", "<prefix>", "<here>/harness/", "<frozen")

#: Exceptions that tell of the API or the network, and that a reconciler is meant to meet by trying
#: again. By the last part of their names, because every client library has its own.
_OF_THE_API = re.compile(
    r"(Api\w*Error|APIError|ApiException|Client\w*Error|Connection\w*|Timeout\w*|Conflict\w*|"
    r"Server\w*Error|NotFound\w*|TemporaryError|PermanentError|HandlerRetriesError|"
    r"HandlerTimeoutError|CancelledError|OSError|gaierror)$"
)


@dataclass(frozen=True, slots=True)
class Raised:
    """One exception in a log.

    Args:
        type: As the traceback names it, without its module.
        place: `file:function`, innermost in the subject's code; empty when it is nowhere there.
        line: The last line of the traceback.
        is_of_the_api: Whether it, or what it was raised from, is an answer of the API or the lack
            of one.
    """

    type: str
    place: str
    line: str
    is_of_the_api: bool


def exception_of(record: Record) -> Raised | None:
    """The exception that went through the subject's own code, if a record tells of one.

    Not counted are those that tell of the API: they are how a reconciler learns of the world.
    """
    if record.kind != "log" or not is_subjects(record):
        return None
    raised = raised_in(str(record.data.get("message", "")))
    is_own = raised is not None and raised.place and not raised.is_of_the_api
    return raised if is_own else None


def raised_in(message: str) -> Raised | None:
    """The exception that a log message tells of; None when it has no traceback."""
    start = message.find(_MARK)
    if start < 0:
        return None
    text = message[start:]
    lines = [line for line in text.splitlines() if _RAISED.match(line) and line[0] != " "]
    types = [_RAISED.match(line)["type"] for line in lines]  # type: ignore[index]
    types = [name for name in types if name not in ("Traceback", "During", "The")]
    if not types:
        return None
    last = next(line for line in reversed(lines) if line.startswith(types[-1]))
    own = [m for m in _FRAME.finditer(text) if not m["file"].startswith(_NOT_THE_SUBJECTS)]
    place = f"{_short(own[-1]['file'])}:{own[-1]['function']}" if own else ""
    of_the_api = any(_OF_THE_API.search(name) for name in types)
    return Raised(types[-1].rpartition(".")[2], place, last, of_the_api)


def _short(file: str) -> str:
    return "/".join(file.split("/")[-2:])
