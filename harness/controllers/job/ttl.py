"""The TTL controller: a finished Job goes `ttlSecondsAfterFinished` after its end, pods first.

Source: Kubernetes "Automatic Cleanup for Finished Jobs".
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import JOBS
from harness.client.watching import Key

from ..controller import KeyController
from ..objects import condition, is_terminating, name_of, namespace_of, seconds, uid_of
from .reading import ending_of


class TtlAfterFinishedController(KeyController):
    """Deletes Jobs that have been finished for long enough."""

    name = "ttl-after-finished"
    component = "ttl-after-finished-controller"
    primary = JOBS

    def setup(self) -> None:
        """Follow Jobs that ask to be deleted."""
        self._jobs = self.informer(JOBS)
        self._jobs.on_change(self._job_changed)

    def _job_changed(self, before: Object | None, after: Object | None) -> None:
        if after is not None and _expires_at(after) is not None:
            self.enqueue_object(before, after)

    async def sync(self, item: Key) -> None:
        """Delete the Job, or come back when its time has come."""
        job = self._jobs.objects.get(item)
        due = None if job is None else _expires_at(job)
        if job is None or due is None:
            return
        left = due - self.clock.now_ns() / 1e9
        if left > 0:
            self.queue.add_after(item, left)
            return
        try:
            await self.client.delete(
                JOBS, name_of(job), namespace_of(job), uid=uid_of(job), propagation="Foreground"
            )
        except ApiError as error:
            if error.code != 404:
                raise


def _expires_at(job: Object) -> float | None:
    """When the Job is to be deleted, in seconds since 1970; None for never or not yet known."""
    kept = job["spec"].get("ttlSecondsAfterFinished")
    ended = condition(job, ending_of(job)) if ending_of(job) else None
    if kept is None or ended is None or is_terminating(job):
        return None
    return float(seconds(ended["lastTransitionTime"]) + kept)
