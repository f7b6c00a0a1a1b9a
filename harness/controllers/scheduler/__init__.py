"""The scheduler: a node for each pod.

`fit.py` says why a pod does not fit a node, `scheduler.py` is the loop that chooses and binds.
"""

from .scheduler import Scheduler

__all__ = ["Scheduler"]
