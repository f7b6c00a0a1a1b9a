"""Another kopf operator shows up in a peering object, with a higher priority.

kopf's operators note themselves in the status of a KopfPeering or ClusterKopfPeering, each under
its identity: priority, lifetime, and when it was last seen. Whoever sees a living peer of higher
priority pauses until that one goes, or is silent for its lifetime. (kopf "Peering".)
"""

from __future__ import annotations

from harness.apiserver.requests import Object
from harness.client import KindRef
from harness.clusters.state import Key
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Injection
from .repairs import Repair, patch_of

GROUP = "kopf.dev"
KINDS = ("ClusterKopfPeering", "KopfPeering")
#: After so many seconds of silence a peer is taken for dead: kopf's own default.
LIFETIME_SECONDS = 60
_RENEWAL_SECONDS = 45.0


class HigherPeer(Injection):
    """A peer that is no operator; seen when it is in the peering object.

    Args:
        context: Its surroundings.
        name: Of the peering object.
        identity: Of the peer.
        priority: Of the peer; must be higher than the operator's own.
    """

    lasts = True

    def __init__(self, context: FaultContext, *, name: str, identity: str, priority: int) -> None:
        super().__init__(context)
        self._name = name
        self._identity = identity
        self._priority = priority
        self._peering: Object = {}

    def choose(self) -> str:
        """The peering object of that name: the cluster's own, or one that an operator wrote to."""
        state = self.context.state
        found = [
            (key, peering)
            for kind in KINDS
            for key, peering in state.objects(kind)
            if (key.group, key.name) == (GROUP, self._name) and self._is_within_reach(key)
        ]
        if not found:
            raise CannotInject(
                f"fault {self.context.name}: there is no {' or '.join(KINDS)} called "
                f"{self._name!r} that the operator writes to"
            )
        key, self._peering = found[0]
        return str(key)

    def _is_within_reach(self, key: Key) -> bool:
        is_written = any(v.by.startswith("subject") for v in self.context.state.history(key))
        return is_written or key.namespace == self.context.namespace

    async def act(self) -> None:
        """Show up, and show signs of life as long as the fault lasts."""
        await self._note()
        if self.duration is None:
            self.duration = float(LIFETIME_SECONDS)
        while await self.goes_on(_RENEWAL_SECONDS):
            await self._note()

    async def _note(self) -> None:
        peer = {
            "priority": self._priority,
            "lifetime": LIFETIME_SECONDS,
            "lastseen": self.context.clock.timestamp_micro(),
        }
        metadata = self._peering["metadata"]
        kind = KindRef(self._peering["apiVersion"], self._peering["kind"])
        await self.context.client.patch(
            await self.context.client.resource(kind),
            metadata["name"],
            metadata.get("namespace", ""),
            document={"status": {self._identity: peer}},
        )

    def sees(self, record: Record) -> bool:
        """The peer is there."""
        if record.kind != "object" or record.data["uid"] != self._peering["metadata"]["uid"]:
            return False
        return self._identity in (record.data["object"].get("status") or {})

    def undo_description(self) -> str:
        """The peer goes."""
        return f"remove peer {self._identity} from {self._peering['kind']}/{self._name}"

    def repairs(self) -> list[Repair]:
        """It is taken out, and nobody else."""
        return [patch_of(self._peering, {"status": {self._identity: None}})]
