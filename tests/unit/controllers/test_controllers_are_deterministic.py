"""The same seed gives the same history, another seed another interleaving."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from harness.apiserver.requests import Object
from harness.client.resources import DEPLOYMENTS, STATEFUL_SETS
from harness.controllers.controller import Reaction

if TYPE_CHECKING:
    from tests.unit.controllers.conftest import Cluster, Simulate


_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
#: Two pods with a claim each, of which the set is the owner.
STATEFUL: Object = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {
        "replicas": 2,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": "db"}},
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "main", "image": "shop/db:1"}]},
        },
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": _CLAIM}],
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"},
    },
}


def history(simulate: Simulate, seed: int) -> str:
    """A digest of everything that happened in rollouts, a node loss and deletions."""
    digest = hashlib.sha256()

    async def story(cluster: Cluster) -> None:
        await cluster.deploy(replicas=5)
        await cluster.client.create(STATEFUL_SETS, STATEFUL, "shop")
        await cluster.passes(15.0)
        await cluster.set_image("shop/web:2")
        await cluster.passes(3.0)
        cluster.manager.lose_node("node-2")
        await cluster.passes(400.0)
        cluster.manager.restore_node("node-2")
        await cluster.passes(10.0)
        await cluster.client.delete(DEPLOYMENTS, "web", "shop")
        await cluster.client.delete(STATEFUL_SETS, "db", "shop")
        await cluster.passes(10.0)
        for record in cluster.world.recorder.records:
            digest.update(repr(record).encode())

    simulate(story, seed=seed, reaction=Reaction())
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_history(simulate: Simulate) -> None:
    assert history(simulate, 1) == history(simulate, 1)


def test_another_seed_gives_another_interleaving(simulate: Simulate) -> None:
    assert history(simulate, 1) != history(simulate, 2)
