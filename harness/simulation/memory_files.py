"""Files that exist for one simulated process only, in memory: a token, a certificate, a config.

`Process.files` holds them by absolute path. They can be opened for reading, stated and listed, and
TLS certificates can be loaded from them; they cannot be changed by the process, as what the kubelet
mounts cannot. Nothing of them is on disk, so nothing can be left there.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import Any

from . import scope
from .identity import current_process


def content(path: Any) -> bytes | None:
    """What the running process finds at a path; None when no file of its own is there."""
    files = _files()
    if not files or not isinstance(path, str | os.PathLike):
        return None
    return files.get(_text(path))


def open_file(path: Any, mode: str, *, encoding: str | None, newline: str | None) -> Any:
    """`open` of a file in memory.

    Raises:
        OSError: It was to be opened for writing.
    """
    data = content(path)
    assert data is not None
    if any(letter in mode for letter in "wax+"):
        raise OSError(errno.EROFS, "Read-only file system", _text(path))
    binary = io.BytesIO(data)
    if "b" in mode:
        return binary
    return io.TextIOWrapper(binary, encoding=encoding or "utf-8", newline=newline)


def status(path: Any) -> os.stat_result | None:
    """`os.stat` of a file in memory, or of a folder above one."""
    data = content(path)
    if data is not None:
        return _status(stat.S_IFREG | 0o644, len(data))
    return _status(stat.S_IFDIR | 0o755, 0) if names(path) else None


def names(path: Any) -> list[str]:
    """Names in a folder that has files in memory below it; empty for other paths."""
    files = _files()
    if not files or not isinstance(path, str | os.PathLike):
        return []
    folder = _text(path).rstrip("/") + "/"
    below = [name[len(folder) :] for name in files if name.startswith(folder)]
    return list(dict.fromkeys(name.partition("/")[0] for name in below))


def _files() -> dict[str, bytes]:
    if scope.inside() is None:
        return {}
    process = current_process()
    return process.files if process is not None else {}


def _text(path: Any) -> str:
    text = os.fspath(path)
    return text if isinstance(text, str) else os.fsdecode(text)


def _status(mode: int, size: int) -> os.stat_result:
    world = scope.inside()
    now = world.clock.now_ns() // 10**9 if world is not None else 0
    return os.stat_result((mode, 0, 0, 1, 0, 0, size, now, now, now))
