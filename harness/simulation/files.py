"""Paths that mean something else to a simulated process than to the machine.

A pod finds its token below `/var/run/secrets`: a file in memory (see memory_files.py). The process
of a pod program finds its volume at the path where it is mounted: `Process.mounts` leads such paths
to real folders. Only these calls are led: opening, stating, listing and changing files, and TLS
certificates read by OpenSSL. All other paths are those of the machine.
"""

from __future__ import annotations

import builtins
import io
import os
import ssl
from collections.abc import Callable
from typing import Any

from . import memory_files, scope
from .identity import current_process

#: Functions of `os` that take a path first, or two paths.
_ONE_PATH = [
    *("statvfs", "access", "readlink", "scandir"),
    *("open", "mkdir", "rmdir", "remove", "unlink", "chmod", "utime", "truncate"),
]
_TWO_PATHS = ["rename", "replace", "link", "symlink"]


def led(path: Any) -> Any:
    """The real path that the running process means by `path`."""
    if scope.inside() is None:
        return path
    process = current_process()
    if process is None or not process.mounts or not isinstance(path, str | os.PathLike):
        return path
    text = os.fspath(path)
    if not isinstance(text, str):
        return path
    for mounted, real in process.mounts.items():
        if text == mounted or text.startswith(mounted + "/"):
            return real + text[len(mounted) :]
    return path


def _leading_first(real: Callable[..., Any]) -> Callable[..., Any]:
    def function(path: Any = ".", *arguments: Any, **options: Any) -> Any:
        return real(led(path), *arguments, **options)

    return function


def _leading_both(real: Callable[..., Any]) -> Callable[..., Any]:
    def function(source: Any, target: Any, *arguments: Any, **options: Any) -> Any:
        return real(led(source), led(target), *arguments, **options)

    return function


_os_functions: dict[str, Callable[..., Any]] = {
    name: wrap(getattr(os, name))
    for names, wrap in ((_ONE_PATH, _leading_first), (_TWO_PATHS, _leading_both))
    for name in names
    if hasattr(os, name)
}
_real_stat, _real_lstat, _real_listdir = os.stat, os.lstat, os.listdir
_real_open = builtins.open
_real_load_verify = ssl.SSLContext.load_verify_locations
_real_load_chain = ssl.SSLContext.load_cert_chain


def _open(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    """`open`."""
    if memory_files.content(file) is not None:
        return memory_files.open_file(file, mode, encoding=encoding, newline=newline)
    return _real_open(led(file), mode, buffering, encoding, errors, newline, closefd, opener)


def _stat(path: Any, **options: Any) -> os.stat_result:
    """`os.stat`."""
    return memory_files.status(path) or _real_stat(led(path), **options)


def _lstat(path: Any, **options: Any) -> os.stat_result:
    return memory_files.status(path) or _real_lstat(led(path), **options)


def _listdir(path: Any = ".") -> list[Any]:
    return memory_files.names(path) or _real_listdir(led(path))


def _load_verify_locations(
    self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None
) -> None:
    data = memory_files.content(cafile)
    if data is not None:
        _real_load_verify(self, None, led(capath), data.decode())
        cafile = None
    if cafile or capath or cadata:
        _real_load_verify(self, led(cafile), led(capath), cadata)


def _load_cert_chain(
    self: ssl.SSLContext, certfile: Any, keyfile: Any = None, password: Any = None
) -> None:
    _real_load_chain(self, led(certfile), led(keyfile), password)


def install(replacements: scope.Replacements) -> None:
    """Lead paths of simulated processes to their mounts until `replacements` are restored."""
    for name, function in _os_functions.items():
        replacements.attribute(os, name, function)
    for name, function in (("stat", _stat), ("lstat", _lstat), ("listdir", _listdir)):
        replacements.attribute(os, name, function)
    replacements.attribute(builtins, "open", _open)
    replacements.attribute(io, "open", _open)
    replacements.attribute(ssl.SSLContext, "load_verify_locations", _load_verify_locations)
    replacements.attribute(ssl.SSLContext, "load_cert_chain", _load_cert_chain)
