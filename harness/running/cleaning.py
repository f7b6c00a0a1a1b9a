"""Cleaning up after runs that were killed: this machine first, then a cluster.

A kind cluster that is deleted needs no undoing in it. What each part does is in
`cleaning_machine.py` and `cleaning_cluster.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.apiserver.status import ApiError
from harness.clusters.access import Access
from harness.clusters.cluster import Nodes
from harness.simulation.clock import Clock, real_clock

from .cleaning_cluster import ClusterCleaning
from .cleaning_machine import clean_machine
from .leftovers import Fate, Leftover, Tell

if TYPE_CHECKING:
    from harness.client import Client

_KIND = "kind-"


def clean_cluster(
    access: Access,
    tell: Tell,
    *,
    over: Iterable[str] = (),
    dry_run: bool = False,
    asked: bool = True,
) -> None:
    """Undo what runs that are over have broken in a cluster, and delete their namespaces.

    Args:
        access: The cluster, permitted by the guard.
        tell: Told of each leftover.
        over: Names of runs that are over, where this machine cannot know it.
        dry_run: Only tell.
        asked: The user has named this cluster; otherwise it may as well be switched off.
    """
    try:
        asyncio.run(_clean(access, tell, frozenset(over), dry_run))
    except (ApiError, ConnectionError) as error:
        text = f"context {access.context!r} ({access.url}): {error}"
        fate = Fate.STUCK if asked else Fate.SPARED
        tell(Leftover(fate, text, "start the cluster or log in, and clean again"))


async def _clean(access: Access, tell: Tell, over: frozenset[str], dry_run: bool) -> None:
    from harness.client import Client
    from harness.client.http_transport import HttpTransport

    clock = real_clock()
    async with HttpTransport(access.url, token=access.token, tls=access.tls()) as transport:
        client = Client(transport, "harness")
        nodes = await _nodes(access, client, clock)
        await ClusterCleaning(client, clock, nodes, tell, over=over, dry_run=dry_run).run()


async def _nodes(access: Access, client: Client, clock: Clock) -> Nodes | None:
    """Machines that can be touched from here: those of kind, which are Docker containers."""
    if not access.context.startswith(_KIND):
        return None
    from harness.client.resources import NODES
    from harness.clusters.kind import KindNodes

    documents = await client.list_objects(NODES)
    return KindNodes([node["metadata"]["name"] for node in documents], client, clock)


__all__ = ["Fate", "Leftover", "Tell", "clean_cluster", "clean_machine"]
