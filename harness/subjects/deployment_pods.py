"""The pods of one Deployment: how many there shall be, and what becomes of them, by a watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import DEPLOYMENTS, PODS
from harness.client.watching import Informer


class DeploymentPods:
    """The pods that a Deployment selects by its labels.

    Args:
        client: The harness's own.
        deployment: As it is in the cluster.
    """

    def __init__(self, client: Client, deployment: Object) -> None:
        self._client = client
        self._name: str = deployment["metadata"]["name"]
        self._namespace: str = deployment["metadata"]["namespace"]
        self._labels: dict[str, str] = deployment["spec"]["selector"].get("matchLabels") or {}
        self._informer = Informer(client, PODS, namespace=self._namespace)
        self._informer.on_change(self._take)
        self._handlers: list[Callable[[Object], None]] = []
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def on_change(self, handler: Callable[[Object], None]) -> None:
        """Call `handler(pod)` for each pod that is new or has changed."""
        self._handlers.append(handler)

    async def start(self) -> None:
        """Follow them; returns when those that exist are known."""
        self._task = asyncio.create_task(self._informer.run(), name="pods of the subject")
        await self._informer.synced.wait()

    async def stop(self) -> None:
        """Follow them no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    def all(self) -> list[Object]:
        """Those that exist, in the order of their creation; ending ones too."""
        return [pod for pod in self._informer.list() if self._is_ours(pod)]

    def still_runs(self, pod: Object, container_id: str) -> bool:
        """Whether a container of this incarnation of a pod runs."""
        statuses = [
            status
            for found in self.all()
            if found["metadata"]["uid"] == pod["metadata"]["uid"]
            for status in (found.get("status") or {}).get("containerStatuses") or ()
        ]
        return any(
            status.get("containerID") == container_id and "running" in (status.get("state") or {})
            for status in statuses
        )

    async def scale(self, replicas: int) -> None:
        """Say how many there shall be; their controllers do the rest."""
        await self._client.patch(
            DEPLOYMENTS,
            self._name,
            self._namespace,
            document={"spec": {"replicas": replicas}},
            subresource="scale",
        )

    async def names(self) -> list[str]:
        """Those that the server has now, which the watch may not know yet."""
        labels = ",".join(f"{name}={value}" for name, value in self._labels.items())
        pods = await self._client.list_objects(PODS, self._namespace, labels=labels)
        return [pod["metadata"]["name"] for pod in pods]

    async def kill(self) -> None:
        """Delete them without grace."""
        for name in await self.names():
            try:
                await self._client.delete(PODS, name, self._namespace, grace_seconds=0)
            except ApiError as error:
                if error.code != 404:
                    raise

    def running_containers(self) -> set[str]:
        """The ids of the containers that run, by what their kubelet reported last."""
        return {
            status["containerID"]
            for pod in self.all()
            for status in (pod.get("status") or {}).get("containerStatuses") or ()
            if "running" in (status.get("state") or {})
        }

    async def gone_within(self, seconds: float) -> bool:
        """Wait until there are none, but not longer than `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.until(lambda found: not found)
        except TimeoutError:
            return False
        return True

    async def until(self, holds: Callable[[list[Object]], bool]) -> None:
        """Wait until something holds for them."""
        while not holds(self.all()):
            self._changed.clear()
            await self._changed.wait()

    def _take(self, before: Object | None, after: Object | None) -> None:
        pod = after or before
        if pod is None or not self._is_ours(pod):
            return
        self._changed.set()
        if after is not None:
            for handler in self._handlers:
                handler(after)

    def _is_ours(self, pod: Object) -> bool:
        labels = pod["metadata"].get("labels") or {}
        return all(labels.get(name) == value for name, value in self._labels.items())


def is_ready(pod: Object) -> bool:
    """Whether it is Ready, and not on its way out."""
    if "deletionTimestamp" in pod["metadata"]:
        return False
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def states_of(pod: Object) -> str:
    """What its containers do, for people: `operator: waiting, ImagePullBackOff, ...`."""
    told = []
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        for word, details in (status.get("state") or {}).items():
            reasons = [details[key] for key in ("reason", "message") if details.get(key)]
            told.append(f"{status['name']}: {', '.join([word, *reasons])}")
    phase = (pod.get("status") or {}).get("phase", "no status")
    return f"pod {pod['metadata']['name']} ({phase}) {'; '.join(told)}".rstrip()
