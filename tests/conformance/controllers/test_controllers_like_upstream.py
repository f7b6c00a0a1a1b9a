"""Our controllers against the real kube-controller-manager, on the same stories.

A story is a list of steps (`stories/NAME.json`): create, patch, delete, evict, wait, and what is
done to nodes. What the cluster holds at its end is normalised (times, uids, hashes, addresses) and
compared with what the real controllers left behind, recorded in `golden/NAME.json`: objects with
owner references, annotations, status and conditions, and the Events of the controllers, those about
scaling in their order.

In both worlds the pods are played by our kubelet. To record again, start kube-apiserver,
kube-controller-manager and kube-scheduler without a kubelet, and run this file with
`HARNESS_RECORD_FROM=https://127.0.0.1:PORT HARNESS_RECORD_TOKEN=...`.
To run our controllers in real time against a real kube-apiserver that has no controller manager,
set `HARNESS_COMPARE_ON` and `HARNESS_RECORD_TOKEN` instead.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.apiserver.server import ApiServer
from harness.client.client import Client
from harness.client.http_transport import HttpTransport
from harness.client.resources import NAMESPACES
from harness.controllers.manager import ControllerManager
from harness.simulation import world as worlds
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.world import World
from tests.support.stories import BEHAVIOURS, MACHINES, Player

HERE = Path(__file__).parent
STORIES = sorted(path.stem for path in (HERE / "stories").glob("*.json"))


def _steps(story: str) -> list[Object]:
    steps: list[Object] = json.loads((HERE / "stories" / f"{story}.json").read_text())
    return steps


def _golden(story: str) -> Object:
    golden: Object = json.loads((HERE / "golden" / f"{story}.json").read_text())
    return golden


#: Stories that end otherwise because of the simulated API server, and why.
KNOWN: dict[str, str] = {}
SIMULATED = [
    pytest.param(
        story,
        marks=pytest.mark.xfail(story in KNOWN, reason=KNOWN.get(story, ""), strict=True),
    )
    for story in STORIES
]


@pytest.mark.parametrize("story", SIMULATED)
def test_our_controllers_end_where_the_real_ones_do(story: str) -> None:
    async def main(world: World) -> Object:
        server = ApiServer(world.clock, world.entropy, world.recorder)
        client = Client(server.handle, "test")
        manager = ControllerManager(
            client, world.clock, world.entropy, world=world, behaviours=BEHAVIOURS
        )
        await manager.start()
        try:
            return await Player(manager, client, world.clock, "story").play(_steps(story))
        finally:
            await manager.stop()

    assert worlds.run(main, seed=1) == _golden(story)


async def _on_real(url: str, story: str, *, enabled: Any, lease: bool) -> Object:
    token = os.environ["HARNESS_RECORD_TOKEN"]
    async with HttpTransport(url, token=token, tls=False) as transport:
        client = Client(transport, "test")
        manager = ControllerManager(
            client,
            real_clock(),
            Entropy(story),
            enabled=enabled,
            behaviours=BEHAVIOURS,
            written_heartbeats=lease,
        )
        await manager.start()
        namespace = f"story-{real_clock().now_ns():x}"  # an earlier one may never have gone
        try:
            outcome = await Player(manager, client, real_clock(), namespace).play(_steps(story))
            await client.delete(NAMESPACES, namespace)
            return outcome
        finally:
            await manager.stop()


@pytest.mark.real
@pytest.mark.skipif("HARNESS_RECORD_FROM" not in os.environ, reason="needs HARNESS_RECORD_FROM")
@pytest.mark.parametrize("story", STORIES)
def test_record_what_the_real_controllers_do(story: str) -> None:
    url = os.environ["HARNESS_RECORD_FROM"]
    outcome = asyncio.run(_on_real(url, story, enabled=MACHINES, lease=True))
    text = json.dumps(outcome, indent=1, sort_keys=True)
    (HERE / "golden" / f"{story}.json").write_text(text + "\n")


@pytest.mark.real
@pytest.mark.skipif("HARNESS_COMPARE_ON" not in os.environ, reason="needs HARNESS_COMPARE_ON")
@pytest.mark.parametrize("story", STORIES)
def test_our_controllers_do_the_same_on_a_real_api_server(story: str) -> None:
    url = os.environ["HARNESS_COMPARE_ON"]
    outcome = asyncio.run(_on_real(url, story, enabled="all", lease=False))
    assert outcome == _golden(story)


def test_every_story_has_been_recorded() -> None:
    assert sorted(path.stem for path in (HERE / "golden").glob("*.json")) == STORIES
