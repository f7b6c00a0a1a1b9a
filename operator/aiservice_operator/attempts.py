"""What came of one attempt: what was refused, what failed, and what is not worth sending again.

A refused object and a failed request are different things. A refusal (400, 422) is about the
object: it ends in a condition and is not repeated. A failure is about the moment: it ends in a
retry with back-off.
"""

import asyncio

from aiservice_operator.api import ApiError
from aiservice_operator.decision import Step
from aiservice_operator.kinds import WORKLOADS, Object
from aiservice_operator.revisions import digest
from aiservice_operator.status import INVALID_SPEC, Problem
from aiservice_operator.workqueue import RESYNC_SECONDS

MESSAGE_LENGTH = 1024
REFUSED_SECONDS = 0.9 * RESYNC_SECONDS


class Refusals:
    """Objects that the API has refused, so that the same object is not sent again at once.

    After a resync period it is, for what refuses it may be a policy that was changed meanwhile.
    Forgetting everything costs one request more.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Problem]] = {}

    def note(self, obj: Object, problem: Problem) -> None:
        """The API has refused this object just now."""
        now = asyncio.get_running_loop().time()
        kept = {key: each for key, each in self._known.items() if each[0] > now}
        self._known = kept | {digest(obj, 32): (now + REFUSED_SECONDS, problem)}

    def recall(self, obj: Object) -> Problem | None:
        """Why the very same object was refused a moment ago, None when it was not."""
        if not self._known:
            return None
        until, problem = self._known.get(digest(obj, 32), (0.0, None))
        return problem if asyncio.get_running_loop().time() < until else None


class Attempt:
    """What came of the steps of one decision."""

    def __init__(self) -> None:
        self.problem: Problem | None = None
        self.failure: ApiError | None = None
        self.refused_template = ""

    def note(self, step: Step, problem: Problem | None) -> None:
        """A step was taken, or could not be for a reason that is no error."""
        self._tell(problem)

    def refused(self, step: Step, problem: Problem) -> None:
        """The API will not have this object."""
        self._tell(problem)
        if step.obj["kind"] in WORKLOADS and problem.reason == INVALID_SPEC:
            self.refused_template = problem.message

    def failed(self, step: Step, error: ApiError) -> None:
        """The request failed and is worth repeating; a missing right or quota is told too."""
        self.failure = self.failure or error
        if error.status == 403:
            self._tell(Problem("Forbidden", error.message[:MESSAGE_LENGTH]))

    def after(self, later: "Attempt") -> "Attempt":
        """Both attempts as one."""
        found, later.problem = later.problem, self.problem
        later._tell(found)
        later.failure = self.failure or later.failure
        return later

    def _tell(self, problem: Problem | None) -> None:
        """The first problem is told, but one that keeps the service from serving before others."""
        if problem is None:
            return
        if self.problem is None or (problem.stops_serving and not self.problem.stops_serving):
            self.problem = problem
