"""Bug: no answer is taken for "not created", and the second try uses another name.

Found when the answer to the creation of a Deployment is lost: then there are two.
"""

from __future__ import annotations

from aiservice_operator import controller, decision, desired, handlers, reconcile
from aiservice_operator.api import ApiError
from aiservice_operator.kinds import DEPLOYMENT, Object, uid_of
from aiservice_operator.revisions import Revision
from aiservice_operator.status import Problem

_deployment = desired.deployment
_tries: dict[str, int] = {}


def deployment(service: Object, spec: Object, revision: Revision) -> Object:
    """The Deployment under the name of the present try."""
    obj = _deployment(service, spec, revision)
    if tries := _tries.get(uid_of(service)):
        obj["metadata"]["name"] += f"-{tries}"
    return obj


class Reconciler(reconcile.Reconciler):
    """Counts the answers that were lost."""

    async def _step(self, service: Object, step: decision.Step) -> Problem | None:
        try:
            return await super()._step(service, step)
        except ApiError as error:
            if error.status == 0 and step.is_new and step.obj["kind"] == DEPLOYMENT.kind:
                _tries[uid_of(service)] = _tries.get(uid_of(service), 0) + 1
            raise


vars(desired).update(deployment=deployment)
vars(controller).update(Reconciler=Reconciler)
__all__ = ["handlers"]
