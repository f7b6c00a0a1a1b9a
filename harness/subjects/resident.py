"""A Deployment of somebody's cluster that stays where it runs, and runs on after the harness.

    start   it is followed as it is > its pods are Ready
    crash, restart   as any other Deployment's
    leave   if a fault left it down it is started > followed no longer

A stack's Deployment is the harness's own: it begins and ends with each case. This one serves others
too, so nothing happens to it but what a scenario asks for.
"""

from __future__ import annotations

import asyncio

from harness.errors import InfrastructureError

from .deployment import DeploymentSubject
from .deployment_pods import is_ready


class ResidentSubject(DeploymentSubject):
    """A subject that is there before the run and after it; arguments as of `DeploymentSubject`."""

    _adopted = False

    async def start(self) -> None:
        """Follow it as it runs; after a crash or a stop, scale it up again.

        Raises:
            InfrastructureError: It is not there, or its pods are not Ready.
        """
        if self._adopted:
            await super().start()
            return
        pods = await self._follow()
        self._adopted = self.running = True
        self._biography.begin()
        wanted = self.spec.replicas
        try:
            async with asyncio.timeout(self.spec.ready_seconds):
                await pods.until(lambda found: sum(map(is_ready, found)) >= wanted)
        except TimeoutError:
            raise InfrastructureError(self._not_ready(pods.all())) from None

    async def leave(self) -> None:
        """The run is over: it goes on without us."""
        await self._settled()
        if self._adopted and not self.running:
            await self.start()
        self.running = False
        await self._follow_no_more()
