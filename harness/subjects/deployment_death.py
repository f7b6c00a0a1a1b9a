"""What can die of an operator that is a Deployment, besides all of its pods.

container   SIGKILL; its kubelet starts it again
pod         deleted without grace; its ReplicaSet makes another
deployment  deleted, its pods with it; somebody creates it again
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from harness.apiserver.requests import Object
from harness.client import Client
from harness.client.resources import DEPLOYMENTS
from harness.errors import InfrastructureError

from .deployment_pods import DeploymentPods, states_of

#: What only a server sets is not among them.
_KEPT = ("name", "namespace", "labels", "annotations")


class ContainerKiller(Protocol):
    """Kills what runs in pods."""

    async def kill_container(self, namespace: str, pod: str, container: str = "") -> bool:
        """By SIGKILL, all of them when unnamed; False when none runs."""


async def kill_containers(
    pods: DeploymentPods, killer: ContainerKiller, namespace: str, *, within: float
) -> None:
    """Kill what runs in all pods; returns when their kubelet has reported the end of all of it.

    Raises:
        InfrastructureError: It has not `within` so many seconds.
    """
    running = pods.running_containers()
    for name in await pods.names():
        await killer.kill_container(namespace, name)
    try:
        async with asyncio.timeout(within):
            await pods.until(lambda _: not running & pods.running_containers())
    except TimeoutError:
        raise _still_there(pods, "containers were killed, but are reported to run") from None


async def kill_pods(pods: DeploymentPods, *, within: float) -> None:
    """Delete all pods without grace; returns when none of these incarnations is left.

    Raises:
        InfrastructureError: They are not gone `within` so many seconds.
    """
    old = {pod["metadata"]["uid"] for pod in pods.all()}
    await pods.kill()
    try:
        async with asyncio.timeout(within):
            await pods.until(lambda found: not old & {pod["metadata"]["uid"] for pod in found})
    except TimeoutError:
        raise _still_there(pods, "pods were deleted, but are there") from None


def _still_there(pods: DeploymentPods, words: str) -> InfrastructureError:
    return InfrastructureError(f"the operator's {words}: {'; '.join(map(states_of, pods.all()))}")


async def create_again(client: Client, deployment: Object) -> None:
    """Create a Deployment that was deleted, as it was."""
    known = deployment["metadata"]
    document = {**deployment, "metadata": {name: known[name] for name in _KEPT if name in known}}
    document.pop("status", None)
    await client.create(DEPLOYMENTS, document, known["namespace"])
