"""Names of fields as identifiers: what CEL cannot spell is written `__word__`.

Source: Kubernetes "CRD validation rules", "Escape sequences".
"""

from __future__ import annotations

import re

RESERVED = frozenset(
    (
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for"),
        *("function", "if", "import", "let", "loop", "package", "namespace", "return"),
        *("var", "void", "while"),
    )
)
_WRITTEN = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SPECIAL = re.compile(r"__|[./-]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def escape(name: str) -> str | None:
    """The identifier for a field, or None when there is none and the field cannot be reached."""
    if name in RESERVED:
        return f"__{name}__"
    written = _SPECIAL.sub(lambda match: _WRITTEN[match.group()], name)
    return written if _IDENTIFIER.fullmatch(written) else None
