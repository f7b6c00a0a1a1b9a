"""Protobuf bodies of built-in kinds.

(written below, once JSON works)
"""

from __future__ import annotations

from typing import Any


def decode_protobuf(body: bytes) -> Any:
    raise ValueError("protobuf")
