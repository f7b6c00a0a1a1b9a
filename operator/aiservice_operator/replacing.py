"""Pods that stand in the way of their own replacement.

A StatefulSet takes down no more than one pod at a time, and a pod that never became ready is down
already. So one bad revision can stop every later one, also the way back. Kubernetes asks people to
delete such pods by hand; here it is done for them. A pod goes only if it is of an older template
and not ready: then it serves nobody and is to be replaced anyway.

See https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
"""

import logging
from collections.abc import Iterable

from aiservice_operator.api import Api, ApiError
from aiservice_operator.desired import pod_labels
from aiservice_operator.kinds import POD, STATEFUL_SET, Object, controller_of, dig, uid_of

logger = logging.getLogger(__name__)

TEMPLATE_LABEL = "controller-revision-hash"


async def replace_stuck_pods(api: Api, service: Object, children: Iterable[Object]) -> None:
    """Delete what is stuck of a service's StatefulSet, each pod as it was seen."""
    stateful_set = next((each for each in children if each["kind"] == STATEFUL_SET.kind), None)
    if stateful_set is None:
        return
    labels = ",".join(f"{name}={value}" for name, value in pod_labels(service).items())
    pods, _ = await api.list(POD, labels, service["metadata"]["namespace"])
    for pod in pods:
        if is_stuck(pod, stateful_set):
            try:
                await api.delete(POD, pod)
            except ApiError as error:
                if error.status != 409:  # it has changed, perhaps for the better
                    raise
            else:
                logger.info("deleted stuck pod %s", pod["metadata"]["name"])


def is_stuck(pod: Object, stateful_set: Object) -> bool:
    """Whether a pod is of an older template of this StatefulSet, and not ready."""
    is_its = (controller_of(pod) or {}).get("uid") == uid_of(stateful_set)
    wanted = dig(stateful_set, "status", "updateRevision")
    has = dig(pod, "metadata", "labels", TEMPLATE_LABEL)
    is_going = dig(pod, "metadata", "deletionTimestamp") is not None
    return is_its and not is_going and has != wanted and not _is_ready(pod)


def _is_ready(pod: Object) -> bool:
    conditions = dig(pod, "status", "conditions", default=[])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
