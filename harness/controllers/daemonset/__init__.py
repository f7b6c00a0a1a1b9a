"""The DaemonSet controller: one pod on each node that fits.

`nodes.py` says which nodes those are, `pods.py` makes the pod for one of them, `history.py` keeps
the revisions of the template, `placement.py` decides what each node needs, `rollout.py` which old
pods are replaced, `status.py` counts, `controller.py` is the loop.
"""

from .controller import DaemonSetController

__all__ = ["DaemonSetController"]
