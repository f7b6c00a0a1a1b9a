"""Bug: titles are written for a system that knows ASCII only. Any other title raises
UnicodeEncodeError.
"""

from __future__ import annotations

from tests.subjects.pages import handlers


def title(text: str) -> str:
    """With the few signs escaped that have a meaning in HTML."""
    return text.strip().encode("ascii").decode().replace("<", "&lt;")


vars(handlers).update(title=title)
