"""The same seed gives the same history, another seed another interleaving."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from harness.client.resources import DEPLOYMENTS
from harness.controllers.controller import Reaction

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


def history(simulate: Simulate, seed: int) -> str:
    """A digest of everything that happened in a rollout, a node loss and a deletion."""
    digest = hashlib.sha256()

    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=5)
        await cluster.passes(5.0)
        await cluster.set_image("shop/web:2")
        await cluster.passes(3.0)
        cluster.manager.lose_node("node-2")
        await cluster.passes(400.0)
        cluster.manager.restore_node("node-2")
        await cluster.passes(10.0)
        await cluster.client.delete(DEPLOYMENTS, "web", "shop")
        await cluster.passes(10.0)
        for record in cluster.world.recorder.records:
            digest.update(repr(record).encode())

    simulate(story, seed=seed, reaction=Reaction())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_history(simulate: Simulate) -> None:
    assert history(simulate, 1) == history(simulate, 1)


def test_another_seed_gives_another_interleaving(simulate: Simulate) -> None:
    assert history(simulate, 1) != history(simulate, 2)
