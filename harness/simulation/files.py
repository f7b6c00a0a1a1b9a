"""Mounts: paths that mean something else to a simulated process than to the machine.

A pod finds its token below `/var/run/secrets`; the process of a pod program finds its volume at
the path where it is mounted. `Process.mounts` leads such paths to real folders. Only these calls
are led: opening, stating, listing and changing files, and TLS certificates read by OpenSSL. Paths
outside of any mount are those of the machine.
"""

from __future__ import annotations

import builtins
import io
import os
import ssl
from collections.abc import Callable
from typing import Any

from . import scope
from .identity import current_process

#: Functions of `os` that take a path first, or two paths.
_ONE_PATH = [
    *("stat", "lstat", "statvfs", "access", "readlink", "listdir", "scandir"),
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
_real_open = builtins.open
_real_load_verify = ssl.SSLContext.load_verify_locations
_real_load_chain = ssl.SSLContext.load_cert_chain


def _open(file: Any, *arguments: Any, **options: Any) -> Any:
    """`open`."""
    return _real_open(led(file), *arguments, **options)


def _load_verify_locations(
    self: ssl.SSLContext, cafile: Any = None, capath: Any = None, cadata: Any = None
) -> None:
    _real_load_verify(self, led(cafile), led(capath), cadata)


def _load_cert_chain(
    self: ssl.SSLContext, certfile: Any, keyfile: Any = None, password: Any = None
) -> None:
    _real_load_chain(self, led(certfile), led(keyfile), password)


def install(replacements: scope.Replacements) -> None:
    """Lead paths of simulated processes to their mounts until `replacements` are restored."""
    for name, function in _os_functions.items():
        replacements.attribute(os, name, function)
    replacements.attribute(builtins, "open", _open)
    replacements.attribute(io, "open", _open)
    replacements.attribute(ssl.SSLContext, "load_verify_locations", _load_verify_locations)
    replacements.attribute(ssl.SSLContext, "load_cert_chain", _load_cert_chain)
