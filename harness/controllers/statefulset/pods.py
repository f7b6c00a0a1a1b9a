"""Creating, correcting and deleting the pods of a StatefulSet, with their claims and Events.

Claims come before their pod: a pod that is there has asked for all of its volumes. The Events
SuccessfulCreate, SuccessfulDelete, SuccessfulUpdate and their Failed twins are the set's.
"""

from __future__ import annotations

from typing import NoReturn

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client.caching import CachingClient
from harness.client.resources import CLAIMS, PODS
from harness.client.watching import Informer

from ..events import EventRecorder
from ..objects import is_terminating, name_of, namespace_of, uid_of
from .claims import (
    claims_of,
    has_foreign_controller,
    is_owned_as_wanted,
    is_stale,
    with_wanted_owners,
)
from .identity import identity_matches, storage_matches, with_identity, with_storage


class StatefulPods:
    """The pods of StatefulSets, as one controller writes them.

    Args:
        client: Through which to write.
        claims: The cache of claims.
        events: Whom to tell.
    """

    def __init__(self, client: CachingClient, claims: Informer, events: EventRecorder) -> None:
        self._client = client
        self._claims = claims
        self._events = events

    async def create(self, stateful_set: Object, pod: Object) -> None:
        """Create the claims that are missing, then the pod."""
        try:
            await self.create_claims(stateful_set, pod)
            created = await self._client.create(PODS, pod, namespace_of(pod))
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self._tell(stateful_set, "Create", pod, error)
            raise
        await self.settle_owners(stateful_set, created)
        self._tell(stateful_set, "Create", pod)

    async def create_claims(self, stateful_set: Object, pod: Object) -> None:
        """Create the claims of a pod that are missing."""
        problems: list[str] = []
        for claim in claims_of(stateful_set, pod):
            problem = await self._create_claim(stateful_set, pod, claim)
            if problem:
                problems.append(problem)
        if problems:
            _fail(problems)

    async def _create_claim(self, stateful_set: Object, pod: Object, claim: Object) -> str:
        """Create one claim unless it is there; returns what is in the way."""
        name, namespace = name_of(claim), namespace_of(claim)
        known = self._claims.get(name, namespace)
        if known is not None:
            return f"pvc {name} is being deleted" if is_terminating(known) else ""
        try:
            await self._client.create(CLAIMS, claim, namespace)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self._tell_claim(stateful_set, pod, claim, error)
            return f"failed to create PVC {name}: {error.message}"
        self._tell_claim(stateful_set, pod, claim)
        return ""

    def has_stale_claim(self, stateful_set: Object, pod: Object) -> bool:
        """Whether a claim of the pod is still going away with an earlier pod."""
        return any(is_stale(stateful_set, pod, claim) for claim in self._known(stateful_set, pod))

    def are_owned_as_wanted(self, stateful_set: Object, pod: Object) -> bool:
        """Whether the claims of the pod have the owners that the retention policy wants."""
        return all(
            is_owned_as_wanted(stateful_set, pod, claim) for claim in self._known(stateful_set, pod)
        )

    async def settle_owners(self, stateful_set: Object, pod: Object) -> None:
        """Give the claims of the pod the owners that the retention policy wants."""
        for claim in self._known(stateful_set, pod):
            if has_foreign_controller(stateful_set, pod, claim):
                text = (
                    f"PersistentVolumeClaim {name_of(claim)} has a conflicting OwnerReference that "
                    "acts as a managing controller, the retention policy is ignored for this claim"
                )
                self._events.emit(stateful_set, "Warning", "ConflictingController", text)
            if not is_owned_as_wanted(stateful_set, pod, claim):
                document = with_wanted_owners(stateful_set, pod, claim)
                await self._client.update(CLAIMS, document)

    def _known(self, stateful_set: Object, pod: Object) -> list[Object]:
        wanted = claims_of(stateful_set, pod)
        found = [self._claims.get(name_of(item), namespace_of(item)) for item in wanted]
        return [claim for claim in found if claim is not None]

    async def correct(self, stateful_set: Object, pod: Object) -> None:
        """Put right the labels of a pod, its volumes and the owners of its claims."""
        document = pod
        try:
            if not identity_matches(stateful_set, pod):
                document = with_identity(stateful_set, document)
            if not storage_matches(stateful_set, pod):
                document = with_storage(stateful_set, document)
                await self.create_claims(stateful_set, pod)
            await self.settle_owners(stateful_set, pod)
            await self._client.update(PODS, document)
        except ApiError as error:
            self._tell(stateful_set, "Update", pod, error)
            raise
        self._tell(stateful_set, "Update", pod)

    async def delete(self, stateful_set: Object, pod: Object) -> None:
        """Delete exactly this pod; one that is gone already is fine."""
        try:
            await self._client.delete(PODS, name_of(pod), namespace_of(pod), uid=uid_of(pod))
        except ApiError as error:
            if error.code in (404, 409):
                return
            self._tell(stateful_set, "Delete", pod, error)
            raise
        self._tell(stateful_set, "Delete", pod)

    # Events

    def _tell(
        self, stateful_set: Object, verb: str, pod: Object, error: ApiError | None = None
    ) -> None:
        text = f"{verb} Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)}"
        self._emit(stateful_set, verb, f"{text} successful", f"{text} failed", error)

    def _tell_claim(
        self, stateful_set: Object, pod: Object, claim: Object, error: ApiError | None = None
    ) -> None:
        about, whose = f"Claim {name_of(claim)}", f"Pod {name_of(pod)}"
        place = f"in StatefulSet {name_of(stateful_set)}"
        good = f"Create {about} {whose} {place} success"
        self._emit(
            stateful_set, "Create", good, f"Create {about} for {whose} {place} failed", error
        )

    def _emit(self, about: Object, verb: str, good: str, bad: str, error: ApiError | None) -> None:
        if error is None:
            self._events.emit(about, "Normal", f"Successful{verb}", good)
        else:
            self._events.emit(about, "Warning", f"Failed{verb}", f"{bad} error: {error.message}")


def _fail(problems: list[str]) -> NoReturn:
    """Raise what keeps claims from being there, as upstream's aggregate prints it."""
    text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    raise ApiError(500, "InternalError", text)
