"""The ReplicaSet controller: as many pods of one template as asked for.

`controller.py` is the loop, `pods.py` makes a pod from a template, `ranking.py` says which pods
go first, `status.py` says what the status becomes.
"""

from .controller import ReplicaSetController

__all__ = ["ReplicaSetController"]
