"""Jobs done by this process, when they are waited for.

For debuggers, and for pytest, whose workers are processes already.
"""

from __future__ import annotations

from collections import deque

from .jobs import Job, carry_out
from .plan import CampaignPlan
from .workers import Done, Message


class Inline:
    """One job at a time, in this process."""

    count = 1

    def __init__(self, plan: CampaignPlan) -> None:
        self._plan = plan
        self._jobs: deque[tuple[int, Job]] = deque()

    def begin(self, number: int, job: Job) -> None:
        """It is done when it is waited for."""
        self._jobs.append((number, job))

    def wait(self, seconds: float) -> list[Message]:
        """Do a job, however long it takes."""
        messages: list[Message] = []
        while self._jobs:
            number, job = self._jobs.popleft()
            result = carry_out(self._plan, job, messages.append)
            messages.append(Done(number, result))
        return messages

    def close(self) -> None:
        """Nothing is left to stop."""
