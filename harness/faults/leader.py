"""Leadership is taken from the operator by a stranger: a Lease, or a kopf peering.

Operators of several replicas elect a leader by a Lease (client-go's leader election), kopf's by a
peering object in which each one notes its priority. In both, whoever holds it must stop acting when
somebody else does.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from .context import FaultContext
from .fault import Injection
from .lease import LeaseTheft
from .peering import HigherPeer
from .process import ProcessFault


class LeaderSteal(ProcessFault):
    """Take the leadership from the operator, keep it, and give it back at the end.

    With a Lease: a stranger becomes its holder and renews it, as another replica that won the
    election would. Without `duration` it is held for as long as the Lease says
    (`leaseDurationSeconds`), which is how long a leader may go without noticing. Then it is
    released. Should the harness die meanwhile, the Lease expires by itself.

    With `peering`: another kopf operator with a higher priority shows up in that peering object,
    and kopf pauses until it has gone; without `duration` that is after a minute.
    """

    type: ClassVar[str] = "leaderSteal"
    example: ClassVar[str] = """\
- name: steal
  duration: 30s
  leaderSteal: {lease: operator}
"""
    points: ClassVar[frozenset[str]] = frozenset({"objects"})

    lease: str = Field(default="", pattern=r"^([a-z0-9.-]+/)?[a-z0-9.-]*$")
    """`NAME`, or `NAMESPACE/NAME`; default: a Lease that the operator holds."""
    peering: str = ""
    """Instead of a Lease: the name of a KopfPeering or ClusterKopfPeering."""
    priority: int = 1_000_000
    """Of the other operator in a peering."""
    holder: str = "operator-harness"
    """What the stranger calls himself."""

    def prepare(self, context: FaultContext) -> Injection:
        """One theft."""
        if self.peering:
            return HigherPeer(
                context, name=self.peering, identity=self.holder, priority=self.priority
            )
        subject = context.subject(self.subject)
        return LeaseTheft(context, subject=subject.name, lease=self.lease, holder=self.holder)
