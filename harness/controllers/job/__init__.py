"""The Job controller: pods that run once, until enough of them have succeeded.

`controller.py` is the loop. `reading.py` says what fields of Jobs and their pods mean, `indexes.py`
counts the indexes of an indexed Job, `policies.py` are the rules about failures and success,
`backoff.py` the wait after a failure, `ending.py` decides whether and how a Job ends, `scaling.py`
which pods to create and delete, `tracking.py` counts each finished pod exactly once. `ttl.py` is
the controller that deletes finished Jobs in the end.
"""

from .controller import JobController
from .ttl import TtlAfterFinishedController

__all__ = ["JobController", "TtlAfterFinishedController"]
