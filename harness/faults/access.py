"""The operator loses its rights: its ServiceAccount is taken out of the bindings that name it.

    who asks (the journal) > bindings that name it > without it > 403 to whatever it asks > back

It is what a platform team does that tidies up RBAC. Watches that are open go on, because a server
authorizes requests, not what follows from them. (Kubernetes "Using RBAC Authorization".)
"""

from __future__ import annotations

from typing import ClassVar

from harness.apiserver.requests import Object
from harness.clusters.state import Key
from harness.simulation.records import Record

from .context import CannotInject, FaultContext
from .fault import Injection
from .patching import Changes
from .process import ProcessFault
from .repairs import Repair

_BINDINGS = ("ClusterRoleBinding", "RoleBinding")
_ACCOUNT = "system:serviceaccount:"


class RevokeAccess(ProcessFault):
    """Take the operator's rights away until the fault ends: it is answered 403.

    It is taken out of each RoleBinding and ClusterRoleBinding that names its ServiceAccount, or of
    those that `bindings` names. It is seen when the operator is refused for the first time. An
    operator that acts as cluster-admin has no such rights to lose.
    """

    type: ClassVar[str] = "revokeAccess"
    points: ClassVar[frozenset[str]] = frozenset({"objects"})
    example: ClassVar[str] = """\
- name: revoke
  duration: 30s
  revokeAccess: {}
- name: lose
  after: revoke.started
  deleteObject: {object: workload}
"""

    bindings: list[str] = []
    """Names of bindings; default: all that name the operator's ServiceAccount."""

    def prepare(self, context: FaultContext) -> Injection:
        """One revocation."""
        return Revocation(self, context)


class Revocation(Injection):
    """Bindings without the operator; seen when it is refused."""

    lasts = True

    def __init__(self, fault: RevokeAccess, context: FaultContext) -> None:
        super().__init__(context)
        self._fault = fault
        self._actor = f"subject:{context.subject(fault.subject).name}"
        self._changes: list[tuple[Changes, Object]] = []
        self._acting = False

    def choose(self) -> str:
        """The bindings that name the operator's ServiceAccount."""
        namespace, name = self._account()
        found = [
            (key, binding)
            for kind in _BINDINGS
            for key, binding in self.context.state.objects(kind)
            if (not self._fault.bindings or key.name in self._fault.bindings)
            and any(_is(each, key, namespace, name) for each in binding.get("subjects") or ())
        ]
        if not found:
            raise CannotInject(
                f"fault {self.context.name}: no binding names ServiceAccount {namespace}/{name}"
            )
        for key, binding in found:
            others = [e for e in binding["subjects"] if not _is(e, key, namespace, name)]
            patch = {"subjects": others or None}
            self._changes.append((Changes(binding, [patch]), patch))
        return ", ".join(str(key) for key, _ in found)

    def _account(self) -> tuple[str, str]:
        """Namespace and name of the account that the operator has acted as."""
        for record in reversed(self.context.recorder.records):
            if record.kind == "request" and record.actor == self._actor:
                user = str(record.data["user"])
                if user.startswith(_ACCOUNT):
                    namespace, _, name = user.removeprefix(_ACCOUNT).partition(":")
                    return namespace, name
                raise CannotInject(
                    f"fault {self.context.name}: {self._actor} acts as {user!r}, which is no "
                    "ServiceAccount, so no binding can be taken from it"
                )
        raise CannotInject(f"fault {self.context.name}: {self._actor} has not asked for anything")

    async def act(self) -> None:
        """Take it out of each binding."""
        self._acting = True
        for changes, patch in self._changes:
            await changes.send(self.context, patch)

    def sees(self, record: Record) -> bool:
        """The operator is refused."""
        is_answer = record.kind == "response" and record.actor == self._actor
        return is_answer and record.data["status"] == 403

    def undo_description(self) -> str:
        """It has its rights again."""
        return f"give {self._actor} its rights back"

    def repairs(self) -> list[Repair]:
        """The subjects that the bindings had."""
        backs = [changes.repair(acting=self._acting) for changes, _ in self._changes]
        return [back for back in backs if back is not None]


def _is(subject: Object, binding: Key, namespace: str, name: str) -> bool:
    """Whether a subject of a binding is this ServiceAccount."""
    where = subject.get("namespace") or binding.namespace
    return subject["kind"] == "ServiceAccount" and (where, subject["name"]) == (namespace, name)
