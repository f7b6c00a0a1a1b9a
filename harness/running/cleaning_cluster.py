"""What killed runs have left in a cluster: what they broke, and the namespaces of their cases.

    records of runs that are over, newest first > each repair, latest first > record removed
    > namespaces of those runs > the namespace of the records, when it is empty

A record goes only when all of it is put back, so that cleaning can be repeated until it succeeds,
and be killed in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client, ResourceRef
from harness.client.resources import NAMESPACES, PODS
from harness.clusters.cluster import Nodes
from harness.clusters.ownership import OURS, Life, Run, is_ours, run_of
from harness.errors import InfrastructureError
from harness.faults.repairing import FAILURES, repair
from harness.faults.repairs import Repair
from harness.faults.undo_records import (
    NAMESPACE,
    UndoRecord,
    empty_namespace,
    list_records,
    read_record,
    remove_record,
)
from harness.simulation.clock import Clock

from .leftovers import Fate, Leftover, Tell

_WAIT_SECONDS = 0.5
_WAITS_MAX = 120


class ClusterCleaning:
    """Cleans one cluster.

    Args:
        client: Of an administrator.
        clock: To wait by.
        nodes: The machines; None where faults of theirs end with the run.
        tell: Told of each leftover.
        over: Names of runs that are over, where this machine cannot know it.
        dry_run: Only tell.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        nodes: Nodes | None,
        tell: Tell,
        *,
        over: Iterable[str] = (),
        dry_run: bool = False,
    ) -> None:
        self._client = client
        self._clock = clock
        self._nodes = nodes
        self._tell = tell
        self._over = frozenset(over)
        self._dry_run = dry_run
        self._lives: dict[str, Life] = {}

    async def run(self) -> None:
        """Clean it.

        Raises:
            ApiError: It cannot even be looked at.
            ConnectionError: Nobody answers.
        """
        for resource, document, record in await self._records():
            await self._undo(resource, document, record)
        namespaces = await self._client.list_objects(NAMESPACES, labels=OURS)
        going = [each for each in namespaces if is_ours(each) and await self._is_over(each)]
        records = await empty_namespace(self._client)
        going += [records] if records is not None else []
        deleted = [each for each in going if await self._delete_namespace(each)]
        for namespace in deleted:  # all of them are on their way by now
            await self._wait_for_end(namespace)

    # -- whose it is ----------------------------------------------------------------------------

    async def _is_over(self, document: Object) -> bool:
        """Whether the run of an object is over; runs that may go on are told once."""
        try:
            run = run_of(document)
        except InfrastructureError as error:
            self._tell(Leftover(Fate.STUCK, str(error), "look at it and delete it by hand"))
            return False
        if run.name not in self._lives:
            await self._wait_for(run)
            life = self._lives[run.name] = Life.OVER if run.name in self._over else run.life()
            if life is Life.ALIVE:
                pids = ", ".join(str(process.pid) for process in run.processes)
                self._tell(Leftover(Fate.SPARED, f"{run.name} goes on (process {pids})"))
            elif life is Life.UNKNOWN:
                text = f"{run.name} belongs to another machine, {run.hosts}"
                remedy = f"if it is over there, write --run {run.name}"
                self._tell(Leftover(Fate.SPARED, text, remedy))
        return self._lives[run.name] is Life.OVER

    async def _wait_for(self, run: Run) -> None:
        """A case whose command was killed puts back by itself what it broke, and ends."""
        for _ in range(_WAITS_MAX):
            if self._dry_run or not run.is_ending:
                return
            await self._clock.sleep(_WAIT_SECONDS)

    # -- records --------------------------------------------------------------------------------

    async def _records(self) -> list[tuple[ResourceRef, Object, UndoRecord]]:
        """Those of runs that are over, the newest first."""
        found = []
        for resource, document in await list_records(self._client):
            if not await self._is_over(document):
                continue
            try:
                found.append((resource, document, read_record(resource, document)))
            except InfrastructureError as error:
                name = document["metadata"]["name"]
                remedy = f"look at it: kubectl get {resource.plural} -n {NAMESPACE} {name} -o yaml"
                self._tell(Leftover(Fate.STUCK, str(error), remedy))
        return sorted(found, key=lambda item: (item[2].time_ns, item[2].number), reverse=True)

    async def _undo(self, resource: ResourceRef, document: Object, record: UndoRecord) -> None:
        if self._dry_run:
            for each in reversed(record.repairs):
                self._tell(Leftover(Fate.WOULD_GO, f"{_who(record)}: {each}"))
            return
        undone = [await self._repair(record, each) for each in reversed(record.repairs)]
        if all(undone):
            await remove_record(self._client, resource, document["metadata"]["name"])

    async def _repair(self, record: UndoRecord, each: Repair) -> bool:
        """Whether one thing is back; what is not is told with what to do."""
        try:
            outcome = await repair(each, self._client, self._nodes)
        except FAILURES as error:
            text = f"{_who(record)}: {each}: {error}"
            self._tell(Leftover(Fate.STUCK, text, "remove the cause and clean again"))
            return False
        if not outcome.done:
            text = f"{_who(record)}: {each}: {outcome.text}"
            remedy = "clean again when it is gone; finalizers keep it if that takes long"
            self._tell(Leftover(Fate.STUCK, text, remedy))
            return False
        self._tell(Leftover(Fate.GONE, f"{_who(record)}: {outcome.text}"))
        return True

    # -- namespaces -----------------------------------------------------------------------------

    async def _delete_namespace(self, namespace: Object) -> bool:
        """Delete it with all that is in it; whether its end is to be waited for."""
        name = namespace["metadata"]["name"]
        if self._dry_run:
            self._tell(Leftover(Fate.WOULD_GO, f"delete namespace {name}"))
            return False
        try:
            await self._client.delete(NAMESPACES, name, uid=namespace["metadata"]["uid"])
        except ApiError as error:
            if error.code not in (404, 409):  # it is gone, or on its way out already
                self._tell(Leftover(Fate.STUCK, f"namespace {name}: {error}"))
                return False
        return True

    async def _wait_for_end(self, namespace: Object) -> None:
        name, uid = namespace["metadata"]["name"], namespace["metadata"]["uid"]
        for _ in range(_WAITS_MAX):
            left = await self._client.find(NAMESPACES, name)
            if left is None or left["metadata"]["uid"] != uid:
                self._tell(Leftover(Fate.GONE, f"namespace {name} deleted"))
                return
            namespace = left
            await self._delete_pods(name)
            await self._clock.sleep(_WAIT_SECONDS)
        self._tell(_stuck_namespace(namespace))

    async def _delete_pods(self, namespace: str) -> None:
        """At once: where no kubelet is, their grace periods would never end."""
        for pod in await self._client.list_objects(PODS, namespace):
            try:
                await self._client.delete(PODS, pod["metadata"]["name"], namespace, grace_seconds=0)
            except ApiError:
                pass  # gone meanwhile, or told by the namespace's conditions


def _who(record: UndoRecord) -> str:
    return f"{record.case}, fault {record.fault}"


def _stuck_namespace(namespace: Object) -> Leftover:
    conditions = (namespace.get("status") or {}).get("conditions") or ()
    reasons = "; ".join(c["message"] for c in conditions if c["status"] == "True")
    name = namespace["metadata"]["name"]
    text = f"namespace {name} does not go away: {reasons or 'the server does not say why'}"
    remedy = (
        "where finalizers keep it, start the operator that removes them and clean again, or take "
        f"them out of the objects (kubectl -n {name} edit)"
    )
    return Leftover(Fate.STUCK, text, remedy)
