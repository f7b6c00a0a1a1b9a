"""Our kubelet against a real one: the same pods, the same statuses in the same order.

`kubelet/NAME.json` holds a pod, each status that a kubelet v1.37 wrote for it on kind, and the
Events; without times, ids and addresses. `kills` tells which container got SIGKILL after how many
seconds each. Ours has to go through the same statuses. Left out on both sides: the moment between
sandbox and container (we have no sandboxes), and what a real one writes when only `resources`
change. Where the recording was cut off, ours may go on.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.apiserver.server import ApiServer
from harness.client.client import Client
from harness.client.resources import EVENTS, NAMESPACES, PODS
from harness.client.watching import Informer
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.controllers.kubelet.behaviours import exits
from harness.controllers.manager import ControllerManager
from harness.controllers.programs import PodContext, Program
from harness.simulation import world as worlds
from harness.simulation.world import World

RECORDED = Path(__file__).parent / "kubelet"
NAMES = sorted(path.stem for path in RECORDED.glob("*.json"))
_DROPPED = (
    "volumeMounts",
    "containerID",
    "imageID",
    "lastTransitionTime",
    "lastProbeTime",
    "startTime",
    "startedAt",
    "finishedAt",
    "hostIP",
    "hostIPs",
    "podIPs",
    "resources",
)

#: What the recorded containers did, as data.
BEHAVIOURS = {
    "plain": PodBehaviour(stop_seconds=None),
    "killed": PodBehaviour(),
    "init": PodBehaviour(),
    "crash": exits(3, after_seconds=5.0),
    "missing": PodBehaviour(image_exists=False),
    "once": exits(0, after_seconds=2.0),
    "probed": PodBehaviour(),
}


async def files(pod: PodContext) -> int:
    """`python -m http.server`: `/` is there, everything else is not; deaf to SIGTERM."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
        writer.write(b"HTTP/1.1 %d x\r\n\r\n" % (200 if path == b"/" else 404))
        writer.close()

    await asyncio.start_server(answer, "0.0.0.0", 8080)
    await asyncio.Event().wait()
    return 0


def reduced(value: Any) -> Any:
    """A status without what differs from run to run."""
    if isinstance(value, dict):
        return {key: reduced(item) for key, item in value.items() if key not in _DROPPED}
    if isinstance(value, list):
        return [reduced(item) for item in value]
    return re.sub(r"(failed to pull and unpack image).*", r"\1", value) if _text(value) else value


def _text(value: Any) -> bool:
    return isinstance(value, str)


def comparable(status: Object) -> Object:
    """A status as it is compared: conditions by type, addresses only present or not."""
    shown = reduced(status)
    conditions = {item.pop("type"): item for item in shown.get("conditions") or ()}
    for item in conditions.values():
        item.pop("lastProbeTime", None)
    shown["conditions"] = conditions
    shown["podIP"] = "podIP" in shown
    return dict(shown)


def settled(statuses: list[Object]) -> list[Object]:
    """Without repetitions, and without statuses that only lead from sandbox to container."""
    kept: list[Object] = []
    for status in map(comparable, statuses):
        sandbox = status["conditions"].pop("PodReadyToStartContainers", None)
        if sandbox is not None and not status["deleting"] and status["phase"] != "Succeeded":
            status["podIP"] = status["podIP"] and status["phase"] == "Running"
        if status["phase"] == "Running" and _reason(status, "Ready") == "PodCompleted":
            continue  # it has ended, its sandbox has not
        if not kept or kept[-1] != status:
            kept.append(status)
    return kept


def _reason(status: Object, kind: str) -> str:
    return str(status["conditions"].get(kind, {}).get("reason", ""))


def before_liveness(name: str, statuses: list[Object]) -> list[Object]:
    """Up to the first restart by a liveness probe.

    A real kubelet starts such a container again in the same breath, sometimes without a back-off;
    ours reports its end and backs off as after a crash.
    """
    if name != "probed":
        return statuses
    return [
        status
        for status in statuses
        if not any(
            item["restartCount"] or "terminated" in item["state"]
            for item in status.get("containerStatuses") or ()
        )
    ]


def play(name: str, recorded: Object) -> tuple[list[Object], list[list[str]]]:
    """Run the pod; returns its statuses and its Events."""
    deleted = any(status["deleting"] for status in recorded["statuses"])

    async def main(world: World) -> tuple[list[Object], list[list[str]]]:
        server = ApiServer(world.clock, world.entropy, world.recorder)
        client = Client(server.handle, "test")
        rule = BehaviourRule(PodSelector(), BEHAVIOURS[name])
        setup = BehaviourRule(PodSelector(container="first"), exits(0, after_seconds=1.0))
        programs = [Program("files", ("*",), files)] if name == "probed" else []
        manager = ControllerManager(
            client,
            world.clock,
            world.entropy,
            world=world,
            nodes=1,
            behaviours=[setup, rule],
            programs=programs,
        )
        await manager.start()
        await client.create(NAMESPACES, {"metadata": {"name": "kl"}})
        await world.clock.sleep(1.0)
        seen: list[Object] = []
        watching = Informer(client, PODS, namespace="kl")
        watching.on_change(lambda before, after: seen.append(_seen(before, after)))
        task = asyncio.ensure_future(watching.run())
        await client.create(PODS, {"apiVersion": "v1", "kind": "Pod", **recorded["pod"]}, "kl")
        kills = recorded.get("kills", {"after": []})
        for wait in kills["after"]:
            await world.clock.sleep(wait)
            assert manager.kill_container("kl", name, kills["container"])
        await world.clock.sleep(30.0 if deleted else 400.0)
        if deleted:
            await client.delete(PODS, name, "kl")
            await world.clock.sleep(60.0)
        task.cancel()
        events = [
            [e["type"], e["reason"], e["message"], e["involvedObject"].get("fieldPath", "")]
            for e in await client.list_objects(EVENTS, "kl")
        ]
        await manager.stop()
        return seen, events

    return worlds.run(main, seed=1)


def _seen(before: Object | None, after: Object | None) -> Object:
    pod = after or before
    assert pod is not None, "a change is of something"
    text = json.dumps(pod["status"]).replace(pod["metadata"]["uid"], "UID")
    return {"deleting": "deletionTimestamp" in pod["metadata"], **json.loads(text)}


def recording(name: str) -> Object:
    """What was recorded."""
    recorded: Object = json.loads((RECORDED / f"{name}.json").read_text())
    return recorded


@pytest.mark.parametrize("name", NAMES)
def test_our_kubelet_goes_through_the_statuses_of_a_real_one(name: str) -> None:
    recorded = recording(name)
    seen, _ = play(name, recorded)
    wanted = before_liveness(name, settled(recorded["statuses"]))
    assert settled(seen)[: len(wanted)] == wanted


@pytest.mark.parametrize("name", NAMES)
def test_our_kubelet_tells_the_events_of_a_real_one(name: str) -> None:
    recorded = recording(name)
    _, events = play(name, recorded)
    dropped = ("Pulled", "Pulling", *(["BackOff"] if name == "probed" else []))
    assert _told(events, dropped) == _told(recorded["events"], dropped)


def _told(events: list[list[str]], dropped: tuple[str, ...]) -> list[str]:
    """Events without node names and pull details; whether an image was there is chance."""
    lines = {
        re.sub(r"( to \S+| in pod .*|failed to pull and unpack.*)$", "", " | ".join(event[:3]))
        for event in events
        if event[1] not in dropped and "refused" not in event[2]
    }
    return sorted(lines)
