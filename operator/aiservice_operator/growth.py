"""Claims that are smaller than the spec says, and what is asked of them.

A StatefulSet's claim templates cannot change, and existing claims would not follow them anyway. So
each claim is asked to grow, and then the StatefulSet is replaced, its pods staying where they are,
by one whose later claims are as large. Both are found again by looking: a crash in between loses
nothing. A claim that is not bound yet cannot grow; it is asked when it is.

See https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
"""

import re
from collections.abc import Iterator, Sequence
from decimal import InvalidOperation

from aiservice_operator.backups import claim_name
from aiservice_operator.desired import STATE
from aiservice_operator.kinds import CLAIM, Object, dig
from aiservice_operator.ownership import quantity


def due(service: Object, related: Sequence[Object]) -> Iterator[tuple[Object, Object]]:
    """Each claim of the service that has to grow, and the change that asks for it."""
    wanted = dig(service, "spec", "storage", "size")
    if wanted is None:
        return
    for claim in related:
        if claim["kind"] == CLAIM.kind and _is_ours(service, claim) and _can_grow(claim):
            asked = dig(claim, "spec", "resources", "requests", "storage", default="0")
            if _is_less(asked, str(wanted)):
                yield claim, {"spec": {"resources": {"requests": {"storage": str(wanted)}}}}


def _is_ours(service: Object, claim: Object) -> bool:
    """Whether it is a replica's claim, or that of the archives."""
    replica = f"{STATE}-{service['metadata']['name']}"
    name = claim["metadata"]["name"]
    return name == claim_name(service) or bool(re.fullmatch(rf"{re.escape(replica)}-\d+", name))


def _can_grow(claim: Object) -> bool:
    is_bound = dig(claim, "status", "phase") == "Bound"
    return is_bound and not dig(claim, "metadata", "deletionTimestamp")


def _is_less(one: str, other: str) -> bool:
    try:
        return quantity(one) < quantity(other)
    except InvalidOperation:
        # An exponent (`1e9`) in somebody else's claim: not for us to judge.
        return False
