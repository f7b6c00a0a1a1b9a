"""The Deployment controller: pods of the current template, the old ones replaced step by step.

`controller.py` is the loop. `newest.py` finds or makes the ReplicaSet of the current template,
`template.py` compares templates and hashes them, `revisions.py` numbers ReplicaSets, `scaling.py`
sizes them, `rolling.py` and `recreate.py` are the two strategies, `status.py` and `progress.py` say
what the status and its conditions become, `history.py` which old ReplicaSets go, and `writing.py`
writes it all down. `rollout.py` is the value that they pass around.
"""

from .controller import DeploymentController

__all__ = ["DeploymentController"]
