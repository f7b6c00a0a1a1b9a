"""ResourceQuota status: what is bounded and how much of it is used (upstream `resourcequota`).

The API server charges what is created at admission; this controller says what is bounded in the
first place, and counts anew when a quota changes, when something of a kind that it bounds goes or
ends, and every five minutes. It counts what the server has, not what a cache remembers, and its
write is refused if something was charged meanwhile; then it counts again.
"""

from __future__ import annotations

from harness.apiserver.admission.usage import PLAIN, in_scopes, summed, usage
from harness.apiserver.requests import Object
from harness.client.resources import CLAIMS, PODS, RESOURCE_QUOTAS, SERVICES, ResourceRef
from harness.client.watching import Key, key_of

from .controller import KeyController
from .discovery import served_resources
from .objects import is_pod_finished, is_terminating, merged

RESYNC_SECONDS = 300.0


class QuotaController(KeyController):
    """Keeps `status.hard` and `status.used` of each quota."""

    name = "resourcequota"
    component = "resourcequota-controller"
    primary = RESOURCE_QUOTAS

    def setup(self) -> None:
        """Follow quotas; the kinds that they bound are followed when one is seen."""
        self._quotas = self.follow_primary()
        self._followed: dict[ResourceRef, None] = {}
        self._counted_at: dict[Key, float] = {}

    async def sync(self, item: Key) -> None:
        """Count what a quota bounds, and write it down if it is news."""
        quota = self._quotas.objects.get(item)
        if quota is None or is_terminating(quota):
            self._counted_at.pop(item, None)
            return
        self._schedule_recount(item)
        hard: dict[str, str] = (quota.get("spec") or {}).get("hard") or {}
        used = dict.fromkeys(hard, "0")
        for ref in await self._kinds_of(hard):
            self._follow(ref)
            counted = await self._usage(ref, quota)
            used |= {name: counted.get(name, used[name]) for name in used}
        status = {"hard": hard, "used": used}
        if quota.get("status") != status:
            await self.client.update(
                RESOURCE_QUOTAS, merged(quota, status=status), subresource="status"
            )

    async def _usage(self, ref: ResourceRef, quota: Object) -> dict[str, str]:
        """What all objects of one kind in the quota's namespace and scopes use."""
        key, namespace = (ref.group, ref.plural), key_of(quota)[0]
        objects = await self.client.list_objects(ref, namespace)
        return summed(usage(key, each) for each in objects if in_scopes(quota, key, each))

    async def _kinds_of(self, hard: dict[str, str]) -> list[ResourceRef]:
        """The kinds that the names in a quota are about; unknown ones count as unused."""
        wanted = {_counted(name): None for name in hard}
        known = {("", ref.plural): ref for ref in (PODS, CLAIMS, SERVICES)}
        if any(kind not in known for kind in wanted):
            found = await served_resources(self.client)
            known |= {(each.ref.group, each.ref.plural): each.ref for each in found}
        return [known[kind] for kind in wanted if kind in known]

    def _follow(self, ref: ResourceRef) -> None:
        """Count again when an object of this kind goes or ends."""
        if ref in self._followed:
            return
        self._followed[ref] = None

        def changed(before: Object | None, after: Object | None) -> None:
            ended = ref == PODS and after is not None and is_pod_finished(after)
            if before is not None and (after is None or (ended and not is_pod_finished(before))):
                self._enqueue_namespace(key_of(before)[0])

        self.informer(ref).on_change(changed)

    def _enqueue_namespace(self, namespace: str) -> None:
        for key in self._quotas.objects:
            if key[0] == namespace:
                self.enqueue(key)

    def _schedule_recount(self, item: Key) -> None:
        now = self.clock.monotonic()
        if now >= self._counted_at.get(item, 0.0):
            self._counted_at[item] = now + RESYNC_SECONDS
            self.enqueue(item, after_seconds=RESYNC_SECONDS)


def _counted(name: str) -> tuple[str, str]:
    """Group and plural of the kind that a name in a quota is about."""
    if name.startswith("count/"):
        plural, _, group = name.removeprefix("count/").partition(".")
        return group, plural
    if name in PLAIN:
        return "", name
    if name.startswith("services."):
        return "", SERVICES.plural
    if name == "requests.storage" or ".storageclass.storage.k8s.io/" in name:
        return "", CLAIMS.plural
    return "", PODS.plural
