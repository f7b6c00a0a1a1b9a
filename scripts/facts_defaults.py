"""Find the defaults that are set in code, by looking at what a real server adds to samples.

Sent and answered object are walked side by side along the schema. Wherever a struct was sent
without a field, the answer is an observation: this field of this type came back with that value,
or did not. A field that always came back with one value has it as its default, which is written
into the schema; a field that came back differently depends on something else and is reported.
An absent struct is taken as an empty one, so what came back inside it is observed as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Json = dict[str, Any]
Call = Callable[..., Json]

SAMPLES = Path(__file__).parent / "facts_samples.yaml"
NAME = "facts-sample"
#: Of the samples that are really created.
LIVE_NAME = "facts-live"
ABSENT = "(absent)"

#: Computed from other things although the samples cannot show it: `Type` or `Type.field`.
COMPUTED = {
    "ObjectMeta",  # the way of every write
    "Pod.status",
    "PodStatus",  # phase and quality of service
    "Node.spec",
    "NodeSpec.taints",  # an admission plugin
    "Namespace.spec",
    "NamespaceSpec.finalizers",  # set on creation only
    "Namespace.status",
    "NamespaceStatus.phase",
    "JobSpec.selector",
    "PersistentVolumeStatus.lastPhaseTransitionTime",
    "PersistentVolume.status",
    "CustomResourceDefinition.status",
    "CustomResourceDefinitionNames",
    "CustomResourceDefinitionStatus",
    "ReplicationControllerSpec.selector",
}


class Observations:
    """What was seen of each field of each type."""

    def __init__(self, schemas: dict[str, Json]) -> None:
        self.schemas = schemas
        self.seen: dict[tuple[str, str], list[str]] = {}

    def walk(self, schema: Json, sent: Any, got: Any) -> None:
        """Compare one value with what was sent, all the way down."""
        name = schema.get("$ref", "")
        schema = self.schemas[name] if name else schema
        if isinstance(sent, list) and isinstance(got, list):
            for one, other in zip(sent, got, strict=False):
                self.walk(schema.get("items", {}), one, other)
        if not isinstance(sent, dict) or not isinstance(got, dict):
            return
        for field, below in schema.get("properties", {}).items():
            if name and field not in sent:
                self.observe(name, field, got.get(field, ABSENT))
            if field in got:
                self.walk(below, sent.get(field, {}), got[field])

    def observe(self, name: str, field: str, value: Any) -> None:
        """Remember one field that was not sent."""
        short = name.rpartition(".")[2]
        if short not in COMPUTED and f"{short}.{field}" not in COMPUTED:
            text = ABSENT if value == ABSENT else json.dumps(value, sort_keys=True)
            self.seen.setdefault((name, field), []).append(text)

    def settle(self) -> Iterator[str]:
        """Write defaults into the schemas; what depends on other fields is reported."""
        for (name, field), values in sorted(self.seen.items()):
            different = sorted(set(values))
            if different == [ABSENT]:
                continue
            if len(different) > 1:
                yield f"conditional: {name}.{field}: {', '.join(different)}"
                continue
            self.schemas[name]["properties"][field]["default"] = json.loads(different[0])


@dataclass(frozen=True)
class Probe:
    """One sample, and how to ask the server about it and its variations."""

    row: Json
    sample: Json
    ask: Callable[[Json], Json]


def probes(call: Call, resources: list[Json]) -> Iterator[Probe]:
    """Every sample in turn; one with a status lives on the server while it is looked at."""
    by_kind = {(api_version(row), row["kind"]): row for row in resources}
    for sample in YAML(typ="safe").load_all(SAMPLES):
        row = by_kind[sample["apiVersion"], sample["kind"]]
        sample.setdefault("metadata", {}).setdefault("name", NAME)
        if "status" not in sample or row["kind"] == "Node":  # A node is created with its status.
            yield Probe(row, sample, partial(call, "POST", collection(row) + "?dryRun=All"))
            continue
        place = f"{collection(row)}/{LIVE_NAME}"
        sample["metadata"]["name"] = LIVE_NAME
        remove(call, place)
        created = call("POST", collection(row), sample)
        if created["kind"] == "Status":
            raise SystemExit(f"{SAMPLES.name}: {sample}: {created['message']}")
        sample["metadata"]["uid"] = created["metadata"]["uid"]
        try:
            yield Probe(row, sample, partial(write_status, call, place))
        finally:
            remove(call, place)


def write_status(call: Call, place: str, sample: Json) -> Json:
    """Write the status of a live sample, dry; controllers may come in between, so try again."""
    while True:
        live = call("GET", place)
        sample["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
        answer = call("PUT", place + "/status?dryRun=All", sample)
        if answer.get("code") != 409:
            return answer


def remove(call: Call, place: str) -> None:
    """Delete what an earlier probe left, and wait until it is gone."""
    call("DELETE", place + "?gracePeriodSeconds=0", {})
    while call("GET", place)["kind"] != "Status":
        time.sleep(0.05)


def discover_defaults(call: Call, resources: list[Json], schemas: dict[str, Json]) -> Iterator[str]:
    """Ask about every sample; adds defaults to `schemas` and `generation` to `resources`."""
    observations = Observations(schemas)
    for row in resources:
        row["generation"] = False
    for probe in probes(call, resources):
        answer = probe.ask(probe.sample)
        if answer["kind"] == "Status":
            raise SystemExit(f"{SAMPLES.name}: {probe.sample}: {answer['message']}")
        probe.row["generation"] = "generation" in answer["metadata"]
        name, sent = probe.row["schema"], probe.sample
        if "status" in sent:
            below = schemas[name]["properties"]["status"]
            observations.walk(below, sent["status"], answer["status"])
        else:
            observations.walk({"$ref": name}, sent, answer)
    yield from observations.settle()


#: The value of a Go field that nobody set, by OpenAPI type.
ZEROS = {"string": "", "integer": 0, "boolean": False}
#: Mark in the data file: this zero value is the same as none (a Go field that is no pointer).
OMIT_ZERO = "x-harness-omit-zero"


def discover_zeros(call: Call, resources: list[Json], schemas: dict[str, Json]) -> int:
    """Send zero values one by one; fields that lose them are marked. Returns how many are."""
    tried: set[tuple[str, str]] = set()
    marked = 0
    for probe in probes(call, resources):
        for name, struct, place in structs(
            {"$ref": probe.row["schema"]}, probe.sample, (), schemas
        ):
            if "status" in probe.sample and place[:1] != ("status",):
                continue
            for field, below in schemas[name]["properties"].items():
                if field in struct or (name, field) in tried or below.get("type") not in ZEROS:
                    continue
                tried.add((name, field))
                struct[field] = ZEROS[below["type"]]
                answer = probe.ask(probe.sample)
                del struct[field]
                if loses(answer, place, field, ZEROS[below["type"]]):
                    below[OMIT_ZERO] = True
                    marked += 1
    return marked


def structs(
    schema: Json, value: Any, place: tuple[Any, ...], schemas: dict[str, Json]
) -> Iterator[tuple[str, Json, tuple[Any, ...]]]:
    """Each struct in a sample: the name of its type, itself, and where it stands."""
    name = schema.get("$ref", "")
    schema = schemas[name] if name else schema
    if name.endswith(".ObjectMeta"):
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from structs(schema.get("items", {}), item, (*place, index), schemas)
    if isinstance(value, dict):
        if name and "properties" in schema:
            yield name, value, place
        for field, below in schema.get("properties", {}).items():
            if field in value:
                yield from structs(below, value[field], (*place, field), schemas)


def loses(answer: Json, place: tuple[Any, ...], field: str, zero: Any) -> bool:
    """Whether an accepted object came back without the zero value, or with a default."""
    if answer["kind"] == "Status":
        return False
    found: Any = answer
    for part in place:
        found = found[part]
    return not (field in found and found[field] == zero)


def api_version(row: Json) -> str:
    """As objects carry it."""
    return f"{row['group']}/{row['version']}" if row["group"] else str(row["version"])


def collection(row: Json) -> str:
    """Path to create an object of a resource in the namespace `default`."""
    root = "apis" if row["group"] else "api"
    namespace = "/namespaces/default" if row["namespaced"] else ""
    return f"/{root}/{api_version(row)}{namespace}/{row['plural']}"
