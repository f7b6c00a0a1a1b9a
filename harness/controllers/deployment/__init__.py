"""The Deployment controller: pods of the current template, the old ones replaced step by step.

`controller.py` is the loop. `template.py` compares templates and hashes them, `revisions.py` finds
and makes the ReplicaSets and numbers them, `scaling.py` sizes them, `rolling.py` and `recreate.py`
are the two strategies, `status.py` and `progress.py` say what the status and its conditions become,
`history.py` deletes old ReplicaSets.
"""

from .controller import DeploymentController

__all__ = ["DeploymentController"]
