"""The StatefulSet controller: pods with names, an order, and claims that outlive them.

`controller.py` is the loop, `rollout.py` one pass over the replicas, `pods.py` writes pods and
claims and tells of it, `identity.py` says which pod an ordinal is, `claims.py` who owns a claim,
`history.py` keeps revisions of the template, `status.py` counts.
"""

from .controller import StatefulSetController

__all__ = ["StatefulSetController"]
