"""`threading.Thread` inside a run: each thread is a simulated one (job.py).

`start`, `join` and `is_alive` are replaced on the class, so subclasses, timers and the thread
pools of `concurrent.futures` work unmodified. Thread identity and thread-locals follow the
simulated thread.
"""

from __future__ import annotations

import _threading_local
import queue
import threading
from typing import Any

import greenlet

from .. import scope
from .blocking import running_loop, wait_for
from .job import Job, current_job

_real_start = threading.Thread.start
_real_join = threading.Thread.join
_real_is_alive = threading.Thread.is_alive
_real_get_ident = threading.get_ident
_real_get_native_id = threading.get_native_id
_real_simple_queue = queue.SimpleQueue
_python_simple_queue: Any = queue._PySimpleQueue  # type: ignore[attr-defined]
_active: dict[int, threading.Thread] = threading._active  # type: ignore[attr-defined]


def _start(self: Any) -> None:
    if scope.inside() is None:
        _real_start(self)
        return
    if self._started.is_set():
        raise RuntimeError("threads can only be started once")
    loop = running_loop()
    self._simulated_end = loop.create_future()
    job = Job(loop, lambda: _body(self))
    self._ident = job.ident
    self._native_id = job.ident
    _active[job.ident] = self
    self._started.set()


def _body(thread: Any) -> None:
    try:
        thread.run()
    except (SystemExit, greenlet.GreenletExit):
        pass  # ends this thread only, silently, as the standard library has it
    except Exception:  # noqa: BLE001 -- the hook reports it, as for any thread
        thread._invoke_excepthook(thread)
    finally:
        _mark_ended(thread)


def _mark_ended(thread: Any) -> None:
    """Also for the eyes of the real methods, which are back after the run."""
    thread._is_stopped = True
    thread._tstate_lock = None
    if hasattr(thread, "_handle"):
        thread._handle._set_done()
    _active.pop(thread._ident, None)
    if not thread._simulated_end.done() and not thread._simulated_end.get_loop().is_closed():
        thread._simulated_end.set_result(None)


def _join(self: Any, timeout: float | None = None) -> None:
    end = getattr(self, "_simulated_end", None)
    if scope.inside() is None or end is None:
        _real_join(self, timeout)
    elif threading.current_thread() is self:
        raise RuntimeError("cannot join current thread")
    else:
        wait_for(end, timeout)


def _is_alive(self: Any) -> bool:
    end = getattr(self, "_simulated_end", None)
    return _real_is_alive(self) if end is None else not end.done()


def _get_ident() -> int:
    """`threading.get_ident`."""
    if scope.inside() is not None:
        job = current_job()
        if job is not None:
            return int(job.ident)
    return _real_get_ident()


def _get_native_id() -> int:
    job = current_job() if scope.inside() is not None else None
    return _real_get_native_id() if job is None else job.ident


def _simple_queue() -> Any:
    """`queue.SimpleQueue()`: the C one would block for real."""
    return _real_simple_queue() if scope.inside() is None else _python_simple_queue()


def install(replacements: scope.Replacements) -> None:
    """Make threads of code inside a run simulated ones until `replacements` are restored."""
    replacements.attribute(threading.Thread, "start", _start)
    replacements.attribute(threading.Thread, "join", _join)
    replacements.attribute(threading.Thread, "is_alive", _is_alive)
    replacements.attribute(threading, "get_ident", _get_ident)
    replacements.attribute(threading, "get_native_id", _get_native_id)
    replacements.attribute(threading, "local", _threading_local.local)
    replacements.attribute(queue, "SimpleQueue", _simple_queue)
    replacements.afterwards(_forget_pools)


def _forget_pools() -> None:
    """Thread pools of the run must not be joined when the interpreter exits."""
    import concurrent.futures.thread as pools

    for thread in list(pools._threads_queues):
        if hasattr(thread, "_simulated_end"):
            pools._threads_queues.pop(thread, None)  # type: ignore[attr-defined]


#: For modules that imported them by name.
STAND_INS = {
    _real_get_ident: _get_ident,
    _real_get_native_id: _get_native_id,
    _real_simple_queue: _simple_queue,
}
