"""The same jobs on a Dask cluster: each is a task, and its progress is heard when it ends.

The plan goes to the cluster once. Its workers need this package, the operator, and hash seed 0:
start them with `PYTHONHASHSEED=0 dask worker ADDRESS`. A campaign on Dask tries the same examples
as one of processes, because a job is a function of (plan, job).
"""

from __future__ import annotations

import importlib
from typing import Any

from harness.errors import InfrastructureError, UsageError

from .jobs import Job, Progress, Result, carry_out
from .plan import CampaignPlan
from .workers import Done, Message

_CONNECT_SECONDS = 20.0


class DaskWorkers:
    """All threads and processes of a Dask cluster.

    Args:
        plan: Of the campaign.
        address: Of the scheduler, `tcp://HOST:8786`; or a client that is connected.

    Raises:
        UsageError: Dask is not installed.
        InfrastructureError: Nobody answers there, or nobody works there.
    """

    def __init__(self, plan: CampaignPlan, address: Any) -> None:
        self._distributed = _distributed()
        self._client = self._connected(address) if isinstance(address, str) else address
        self._owns_client = isinstance(address, str)
        threads = self._client.nthreads()
        self.count = sum(threads.values())
        if not self.count:
            raise InfrastructureError(f"the Dask cluster {address} has no workers; start some")
        self._plan = self._client.scatter(plan, broadcast=True)
        self._numbers: dict[Any, int] = {}

    def _connected(self, address: str) -> Any:
        try:
            return self._distributed.Client(address, timeout=_CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise InfrastructureError(f"no Dask scheduler at {address}: {error}") from None

    def begin(self, number: int, job: Job) -> None:
        """Submit a job; it is not pure to Dask, which must not take one for another."""
        future = self._client.submit(_task, self._plan, job, pure=False)
        self._numbers[future] = number

    def wait(self, seconds: float) -> list[Message]:
        """What ended."""
        if not self._numbers:
            return []
        try:
            done = self._distributed.wait(
                list(self._numbers), timeout=seconds, return_when="FIRST_COMPLETED"
            ).done
        except TimeoutError:
            return []
        messages: list[Message] = []
        for future in [future for future in self._numbers if future in done]:
            number = self._numbers.pop(future)
            progress, result = future.result()
            messages += [*progress, Done(number, result)]
        return messages

    def close(self) -> None:
        """Cancel what is still to be done."""
        self._client.cancel(list(self._numbers))
        if self._owns_client:
            self._client.close()


def _task(plan: CampaignPlan, job: Job) -> tuple[list[Progress], Result]:
    """A job on a worker: its progress, and what came of it."""
    told: list[Progress] = []
    result = carry_out(plan, job, told.append)
    return told, result


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise UsageError(
            "--dask needs Dask, which is not installed; "
            "install it with: pip install 'operator-harness[dask]'"
        ) from None
