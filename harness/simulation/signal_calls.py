"""The calls of an event loop that concern signals: each simulated process has its own handlers."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from .identity import current_process


class SignalCalls:
    """The signal side of the virtual loop."""

    def add_signal_handler(self, sig: int, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback(*args)` on the loop when the running process gets the signal.

        Raises:
            ValueError: The signal cannot be caught.
        """
        if sig in (signal.SIGKILL, signal.SIGSTOP):
            raise ValueError(f"Signal {signal.Signals(sig).name} cannot be caught.")
        process = current_process()
        if process is not None:
            process.signal_handlers[sig] = lambda: callback(*args)

    def remove_signal_handler(self, sig: int) -> bool:
        """Restore the default; whether there was a handler."""
        process = current_process()
        return process is not None and process.signal_handlers.pop(sig, None) is not None
