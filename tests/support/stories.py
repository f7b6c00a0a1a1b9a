"""Stories of controllers: playing one in a namespace, and what is left of it to compare.

What the cluster holds at the end is normalised: times, uids, hashes and addresses differ from run
to run and are replaced by what they stand for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import resources
from harness.client.client import Client
from harness.client.resources import NAMESPACES, ResourceRef
from harness.controllers.kubelet import BehaviourRule, PodBehaviour, PodSelector
from harness.controllers.manager import ControllerManager
from harness.controllers.objects import controller_of, labels_of, name_of
from harness.simulation.clock import Clock

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
    resources.STATEFUL_SETS,
    resources.CLAIMS,
    resources.VOLUMES,
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
#: What a cluster has beside its control plane: nodes and storage, ours in both worlds.
MACHINES = ("kubelet", "provisioner", "resizer")
BEHAVIOURS = (QUICK, MISSING, *WORK)
#: Events of others, or of parts that we leave out (Endpoints).
_OTHER_COMPONENTS = ("kubelet", "default-scheduler", "endpoint-controller")
#: Which of them a claim gets depends on whether the scheduler or the binder comes first.
_RACING_REASONS = ("WaitForFirstConsumer", "WaitForPodScheduled")
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
        self._volumes: list[str] = []

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
            for name in self._volumes:  # nor do volumes go with the namespace
                await self._free(name)
            if self._marked:  # the nodes of a real server are there for the next story too
                await self._mark_nodes({"unschedulable": None, "taints": None})

    async def _free(self, volume: str) -> None:
        if await self._client.find(resources.VOLUMES, volume) is not None:
            without = {"metadata": {"finalizers": None}}
            await self._client.patch(resources.VOLUMES, volume, document=without)
            if await self._client.find(resources.VOLUMES, volume) is not None:
                await self._client.delete(resources.VOLUMES, volume)

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
            if ref is resources.VOLUMES:
                self._volumes.append(name_of(document))
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

    def _is_ours(self, volume: Object) -> bool:
        """Volumes have no namespace; theirs is that of the claim."""
        claim = volume["spec"].get("claimRef") or {}
        return claim.get("namespace") == self._namespace or name_of(volume) in self._volumes

    async def _outcome(self) -> Object:
        found = {ref.kind: await self._client.list_objects(ref, self._namespace) for ref in KINDS}
        found["PersistentVolume"] = [
            item for item in found["PersistentVolume"] if self._is_ours(item)
        ]
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
        policies = [item["spec"]["podManagementPolicy"] for item in found["StatefulSet"]]
        ordered = "Parallel" not in policies
        outcome["events"] = _events(text, events)
        outcome["scaling"] = [
            text.normal(event["message"])
            for event in sorted(events, key=lambda event: str(event["metadata"]["name"]))
            if event["reason"] == "ScalingReplicaSet"
            or (ordered and event["involvedObject"]["kind"] == "StatefulSet")
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
        for item in found["ControllerRevision"]:  # of DaemonSets, whose hash is another than ours
            digest = labels_of(item).get("controller-revision-hash")
            if digest is not None:
                self._replacements[digest] = f"REVISION{item['revision']}"
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
            **_placed(item),
            "terminating": "deletionTimestamp" in item["metadata"],
            "phase": status.get("phase"),
            "ready": ready,
        }
    if kind in ("PersistentVolume", "PersistentVolumeClaim"):  # bound to the node of a pod
        masked: Object = json.loads(re.sub(r"\bnode-\d\b", "NODE", json.dumps(item)))
        return masked
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


def _placed(pod: Object) -> Object:
    """What a pod of a StatefulSet is called, and which claims it has."""
    if "statefulset.kubernetes.io/pod-name" not in labels_of(pod):
        return {}
    spec = pod["spec"]
    claims = [volume for volume in spec.get("volumes") or () if "persistentVolumeClaim" in volume]
    image = spec["containers"][0]["image"]
    names = {key: spec.get(key) for key in ("hostname", "subdomain")}
    return {**names, "name": name_of(pod), "claims": claims, "image": image}


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
        if event["reason"] in _RACING_REASONS:
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
