"""A Lease gets another holder, who renews it until he lets it go.

    take > renew, three times in each duration of the Lease > ... > release

Every write carries the resourceVersion that it was made from, so that it is never two who think
that they hold it. The release is client-go's: no holder, a duration of one second. (Kubernetes
"Leases"; client-go `tools/leaderelection`.)
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.resources import LEASES
from harness.clusters.state import Key
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Injection

#: Of a Lease that does not say how long it is good for; client-go's default.
DURATION_SECONDS = 15
_RENEWALS_A_DURATION = 3
#: The holder renews it too; each time somebody else was faster it is read again.
_ATTEMPTS_MAX = 20


class LeaseTheft(Injection):
    """One Lease in a stranger's hands; seen when that is committed.

    Args:
        context: Its surroundings.
        subject: The operator from which it is taken.
        lease: `NAME`, `NAMESPACE/NAME`, or empty for one that the operator holds.
        holder: The stranger.
    """

    lasts = True

    def __init__(self, context: FaultContext, *, subject: str, lease: str, holder: str) -> None:
        super().__init__(context)
        self._subject = subject
        self._wanted = lease
        self._holder = holder
        self._lease = Key("", "", "", "")

    def choose(self) -> str:
        """The named Lease, or one of those that the operator holds, by the seed."""
        held = [key for key, lease in self.context.state.objects(LEASES.kind) if _holder_of(lease)]
        if self._wanted:
            self._lease = self._named(held)
        else:
            own = [key for key in held if self._is_written_by_the_subject(key)]
            if not own:
                raise self._problem(f"no Lease is held by {self._subject}")
            self._lease = self.context.entropy.choice(own)
        return f"{LEASES.kind}/{self._lease.namespace}/{self._lease.name}"

    def _named(self, held: list[Key]) -> Key:
        namespace, _, name = self._wanted.rpartition("/")
        found = [
            key
            for key in held
            if key.name == name and (not namespace or key.namespace == namespace)
        ]
        within_reach = [
            key
            for key in found
            if key.namespace == self.context.namespace or self._is_written_by_the_subject(key)
        ]
        if not found:
            raise self._problem(f"nobody holds a Lease {self._wanted!r}")
        if not within_reach:
            raise self._problem(f"Lease {self._wanted!r} is not the operator's")
        return within_reach[0]

    def _is_written_by_the_subject(self, key: Key) -> bool:
        return any(v.by == f"subject:{self._subject}" for v in self.context.state.history(key))

    def _problem(self, text: str) -> CannotInject:
        return CannotInject(f"fault {self.context.name}: {text}")

    async def act(self) -> None:
        """Take it, and renew it as long as the fault lasts."""
        taken = await self._take()
        seconds = taken["spec"]["leaseDurationSeconds"]
        if self.duration is None:
            self.duration = float(seconds)
        while await self.goes_on(seconds / _RENEWALS_A_DURATION):
            if not await self._write({"renewTime": self.context.clock.timestamp_micro()}):
                return  # somebody else has it by now

    async def _take(self) -> Object:
        for _ in range(_ATTEMPTS_MAX):
            lease = await self.context.client.get(LEASES, self._lease.name, self._lease.namespace)
            spec, now = lease["spec"], self.context.clock.timestamp_micro()
            taken = await self._patch(
                lease,
                {
                    "holderIdentity": self._holder,
                    "leaseDurationSeconds": spec.get("leaseDurationSeconds") or DURATION_SECONDS,
                    "acquireTime": now,
                    "renewTime": now,
                    "leaseTransitions": spec.get("leaseTransitions", 0) + 1,
                },
            )
            if taken is not None:
                return taken
        raise self._problem(f"Lease {self._lease.name} is written to all the time")

    async def _write(self, spec: Object) -> bool:
        """Change the Lease if the stranger still holds it; whether he does."""
        for _ in range(_ATTEMPTS_MAX):
            lease = await self.context.client.find(LEASES, self._lease.name, self._lease.namespace)
            if lease is None or _holder_of(lease) != self._holder:
                return False
            if await self._patch(lease, spec) is not None:
                return True
        return False

    async def _patch(self, lease: Object, spec: Object) -> Object | None:
        """The Lease as it is now, or None when somebody else was faster."""
        version = {"resourceVersion": lease["metadata"]["resourceVersion"]}
        try:
            return await self.context.client.patch(
                LEASES,
                self._lease.name,
                self._lease.namespace,
                document={"metadata": version, "spec": spec},
            )
        except ApiError as error:
            if error.code not in (404, 409):
                raise
            return None

    def sees(self, record: Record) -> bool:
        """The stranger holds it."""
        return (
            record.kind == "object"
            and record.data["kind"] == LEASES.kind
            and (record.data["namespace"], record.data["name"]) == self._lease[2:]
            and record.data["type"] != "DELETED"
            and _holder_of(record.data["object"]) == self._holder
        )

    def undo_description(self) -> str:
        """Anybody may take it."""
        return f"release Lease/{self._lease.name} in {self._lease.namespace}"

    async def undo(self) -> None:
        """Let it go, unless somebody else has it already."""
        now = self.context.clock.timestamp_micro()
        free = {"holderIdentity": "", "leaseDurationSeconds": 1}
        await self._write({**free, "acquireTime": now, "renewTime": now})


def _holder_of(lease: Object) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or "")
