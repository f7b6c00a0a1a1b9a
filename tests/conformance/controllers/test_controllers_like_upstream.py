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
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness.apiserver.requests import Object
from harness.apiserver.server import ApiServer
from harness.apiserver.status import ApiError
from harness.client import resources
from harness.client.client import Client
from harness.client.http_transport import HttpTransport
from harness.client.resources import NAMESPACES, ResourceRef
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.controllers.manager import ControllerManager
from harness.controllers.objects import controller_of, labels_of
from harness.simulation import world as worlds
from harness.simulation.clock import Clock, real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.world import World

HERE = Path(__file__).parent
STORIES = sorted(path.stem for path in (HERE / "stories").glob("*.json"))
KINDS = (
    resources.DEPLOYMENTS,
    resources.REPLICA_SETS,
    resources.PODS,
    resources.SERVICES,
    resources.ENDPOINT_SLICES,
    resources.POD_DISRUPTION_BUDGETS,
    resources.CONFIGMAPS,
    resources.SERVICE_ACCOUNTS,
    resources.JOBS,
    resources.CRON_JOBS,
    resources.DAEMON_SETS,
    resources.CONTROLLER_REVISIONS,
)
#: Pods start and stop quickly, so that recording takes seconds.
QUICK = BehaviourRule(PodSelector(image="shop/*"), PodBehaviour(start_seconds=1.0))
MISSING = BehaviourRule(
    PodSelector(image="*.invalid/*"), PodBehaviour(start_seconds=1.0, image_exists=False)
)
#: What Jobs run: `work/ok` ends well, `work/exit-3` does not, `work/long` does not end.
WORK = tuple(
    BehaviourRule(
        PodSelector(image=f"work/{name}:*"),
        PodBehaviour(start_seconds=1.0, exit_after_seconds=after, exit_code=code),
    )
    for name, after, code in (("ok", 1.0, 0), ("exit-3", 1.0, 3), ("long", None, 0))
)
BEHAVIOURS = (QUICK, MISSING, *WORK)
#: Events of others, or of parts that we leave out (Endpoints).
_OTHER_COMPONENTS = ("kubelet", "default-scheduler", "endpoint-controller")
_DROPPED_KEYS = ("managedFields", "resourceVersion", "uid", "selfLink")
_TIMED = re.compile(r"(Time|Timestamp|last-change-trigger-time)$")
_SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]"


# --- playing a story ------------------------------------------------------------------------


class Player:
    """Plays a story in a namespace of its own."""

    def __init__(
        self, manager: ControllerManager, client: Client, clock: Clock, namespace: str
    ) -> None:
        self._manager = manager
        self._client = client
        self._clock = clock
        self._namespace = namespace
        self._lost = ""
        self._marked = False

    async def play(self, steps: list[Object]) -> Object:
        """Take all steps; returns the normalised outcome."""
        namespace = {"apiVersion": "v1", "kind": "Namespace"}
        await self._client.create(NAMESPACES, {**namespace, "metadata": {"name": self._namespace}})
        await self._clock.sleep(1.5)
        try:
            for step in steps:
                await self._take(step)
            return await self._outcome()
        finally:
            if self._marked:  # the nodes of a real server are there for the next story too
                await self._mark_nodes({"unschedulable": None, "taints": None})

    async def _mark_nodes(self, spec: Object) -> None:
        self._marked = True
        for node in self._manager.kubelets:
            await self._client.patch(resources.NODES, node, document={"spec": spec})

    async def _take(self, step: Object) -> None:
        if "wait" in step:
            await self._clock.sleep(step["wait"])
        elif "second" in step:  # of the minute, which schedules depend on
            passed = self._clock.now_ns() / 1e9
            await self._clock.sleep((step["second"] - passed) % 60)
        elif "create" in step:
            document = json.loads(await self._filled(json.dumps(step["create"])))
            ref = _ref(document["kind"])
            await self._client.create(ref, document, self._namespace)
        elif "lose" in step:
            pod = await self._client.list_objects(
                resources.PODS, self._namespace, labels=step["lose"]
            )
            self._lost = pod[0]["spec"]["nodeName"]
            self._manager.lose_node(self._lost)
        elif "restore" in step:
            self._manager.restore_node(self._lost)
        elif "nodes" in step:
            await self._mark_nodes(step["nodes"])
        elif "evict" in step:
            await self._evict_all(step["evict"])
        elif "patch" in step:
            ref, name = await self._target(step["patch"], step)
            await self._client.patch(ref, name, self._namespace, document=step["with"])
        else:
            ref, name = await self._target(step["delete"], step)
            await self._client.delete(
                ref, name, self._namespace, propagation=step.get("propagation", "")
            )

    async def _evict_all(self, labels: str) -> None:
        """Evict each pod once; what a budget refuses stays."""
        found = await self._client.list_objects(resources.PODS, self._namespace, labels=labels)
        for name in sorted(str(pod["metadata"]["name"]) for pod in found):
            eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
            path = resources.PODS.path(self._namespace, name, "eviction")
            try:
                await self._client.call("POST", path, document=eviction)
            except ApiError as error:
                if error.code != 429:
                    raise

    async def _filled(self, text: str) -> str:
        """`$(Kind/name)` is the uid of that object."""
        for kind, name in re.findall(r"\$\((\w+)/(\S+?)\)", text):
            found = await self._client.get(_ref(kind), name, self._namespace)
            text = text.replace(f"$({kind}/{name})", found["metadata"]["uid"])
        return text

    async def _target(self, target: str, step: Object) -> tuple[ResourceRef, str]:
        kind, _, name = target.partition("/")
        if name:
            return _ref(kind), name
        found = await self._client.list_objects(_ref(kind), self._namespace, labels=step["labels"])
        return _ref(kind), found[0]["metadata"]["name"]

    async def _outcome(self) -> Object:
        found = {ref.kind: await self._client.list_objects(ref, self._namespace) for ref in KINDS}
        events = await self._client.list_objects(resources.EVENTS, self._namespace)
        text = Names(found, self._namespace)
        outcome: Object = {
            kind: sorted(
                (text.normal(_reduced(kind, item)) for item in items),
                key=lambda item: json.dumps(item, sort_keys=True),
            )
            for kind, items in found.items()
            if items
        }
        if self._lost:
            node = await self._client.get(resources.NODES, self._lost)
            outcome["lostNode"] = _node(node)
        outcome["events"] = _events(text, events)
        outcome["scaling"] = [
            text.normal(event["message"])
            for event in sorted(events, key=lambda event: str(event["metadata"]["name"]))
            if event["reason"] == "ScalingReplicaSet"
        ]
        return outcome


def _ref(kind: str) -> ResourceRef:
    return next(ref for ref in KINDS if ref.kind == kind)


# --- normalising ----------------------------------------------------------------------------


class Names:
    """Replaces what differs from run to run by what it stands for."""

    def __init__(self, found: dict[str, list[Object]], namespace: str) -> None:
        self._replacements: dict[str, str] = {namespace: "NAMESPACE"}
        sets = sorted(
            found["ReplicaSet"],
            key=lambda item: (
                item["metadata"]["creationTimestamp"],
                item["spec"]["template"]["spec"]["containers"][0]["image"],
            ),
        )
        for item in sets:
            digest = (item["metadata"].get("labels") or {}).get("pod-template-hash")
            if digest:
                number = sum(value.startswith("HASH") for value in self._replacements.values())
                self._replacements.setdefault(digest, f"HASH{number + 1}")
        for number, job in enumerate(found["Job"]):  # of CronJobs: listed by name, which has a time
            name = job["metadata"]["name"]
            if controller_of(job) is not None:
                self._replacements[name] = re.sub(r"\d{8}$", f"RUN{number + 1}", name)
        for kind, items in found.items():
            for item in items:
                name = item["metadata"]["name"]
                self._replacements[item["metadata"]["uid"]] = f"uid of {kind} {name}"

    def normal(self, value: Any) -> Any:
        """`value` without what differs from run to run."""
        if isinstance(value, dict):
            return {
                key: self.normal(item)
                for key, item in value.items()
                if key not in _DROPPED_KEYS and not _TIMED.search(key) and item is not None
            } | ({"uid": self.normal(value["uid"])} if "blockOwnerDeletion" in value else {})
        if isinstance(value, list):
            return [self.normal(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for part, replacement in self._replacements.items():
            text = text.replace(part, replacement)
        text = re.sub(r"\b\w+-(?=HASH\d)", "web-" if "web-" in text else r"\g<0>", text)
        text = re.sub(r"\b(web|other)-\d{8}\b", r"\1-RUN", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00", "MINUTE", text)
        text = re.sub(
            rf"(HASH\d+|RUN\d*|(?:web|other)(?:-\d+)?)-{_SUFFIX}{{5}}\b", r"\1-SUFFIX", text
        )
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UID", text)
        return re.sub(rf"(web|other)-{_SUFFIX}{{6,10}}(-{_SUFFIX}{{5}})?\b", r"\1-GONE", text)


def _reduced(kind: str, item: Object) -> Object:
    """The part of an object that controllers decide."""
    if kind == "Pod":
        status = item["status"]
        ready = [c["status"] for c in status.get("conditions") or () if c["type"] == "Ready"]
        disrupted = [
            (c["reason"], c["message"])
            for c in status.get("conditions") or ()
            if c["type"] == "DisruptionTarget"
        ]
        homeless = [
            (c["reason"], c["message"])
            for c in status.get("conditions") or ()
            if c["type"] == "PodScheduled" and c["status"] == "False"
        ]
        return {
            **({"unscheduled": [list(item) for item in homeless]} if homeless else {}),
            **({"disrupted": [list(item) for item in disrupted]} if disrupted else {}),
            "metadata": {
                key: value
                for key, value in item["metadata"].items()
                if key in ("labels", "ownerReferences", "generateName", "annotations")
            },
            **_indexed(item),
            "terminating": "deletionTimestamp" in item["metadata"],
            "phase": status.get("phase"),
            "ready": ready,
        }
    if kind in ("Job", "CronJob"):
        times = sorted(key for key in item.get("status") or {} if key.endswith("Time"))
        return {**item, "times": times}
    if kind == "EndpointSlice":
        meta = {k: v for k, v in item["metadata"].items() if k != "generation"}  # batches differ
        return {**item, "metadata": meta, "endpoints": _endpoints(item)}
    if kind == "ConfigMap":
        return {"metadata": item["metadata"]}
    if kind == "Service":
        return {"metadata": item["metadata"]}
    return item


def _indexed(pod: Object) -> Object:
    """What a pod of an indexed Job gets to know its index by."""
    if "batch.kubernetes.io/job-completion-index" not in labels_of(pod):
        return {}
    container = pod["spec"]["containers"][0]
    return {"hostname": pod["spec"].get("hostname"), "variables": container.get("env")}


def _node(node: Object) -> Object:
    """What the node lifecycle controller decides about a node."""
    taints = [(item["key"], item["effect"]) for item in node["spec"].get("taints") or ()]
    conditions = [
        (item["type"], item["status"], item["reason"], item["message"])
        for item in node["status"]["conditions"]
    ]
    return {"taints": sorted(map(list, taints)), "conditions": sorted(map(list, conditions))}


def _endpoints(found: Object) -> list[Object]:
    masked = [
        {**endpoint, "addresses": ["ADDRESS"], "nodeName": "NODE"}
        for endpoint in found.get("endpoints") or ()
    ]
    return sorted(masked, key=lambda item: str(item["targetRef"]["name"]))


def _events(text: Names, events: list[Object]) -> list[Object]:
    """Events of the controllers; what only differs in generated names is counted together."""
    counts: Counter[tuple[str, ...]] = Counter()
    for event in events:
        if event.get("reportingComponent") in _OTHER_COMPONENTS or not event.get("source"):
            continue
        about = event["involvedObject"]
        line = (
            str(event["source"].get("component")),
            str(about["kind"]),
            str(text.normal(about["name"])),
            str(event["type"]),
            str(event["reason"]),
            str(text.normal(event["message"])),
        )
        counts[line] += 1
    return [{"event": " | ".join(line), "times": n} for line, n in sorted(counts.items())]


# --- the comparisons ------------------------------------------------------------------------


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
    outcome = asyncio.run(_on_real(url, story, enabled=("kubelet",), lease=True))
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
