"""A Deployment of somebody's cluster that stays where it runs, and runs on after the harness.

    start   it is followed as it is > its pods are Ready
    crash, restart   as any other Deployment's
    leave   if a fault left it down it is started > followed no longer

A stack's Deployment is the harness's own: it begins and ends with each case. This one serves others
too, so nothing happens to it but what a scenario asks for.
"""

from __future__ import annotations

from .deployment import DeploymentSubject


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
        await self._until_ready(pods)

    async def leave(self) -> None:
        """The run is over: it goes on without us."""
        await self._settled()
        if self._adopted and not self.running:
            await self.start()
        self.running = False
        await self._follow_no_more()
