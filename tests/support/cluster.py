"""A small cluster for tests of the runner: a real API server and an operator of a few lines.

The operator keeps a Deployment for each ConfigMap with the label `managed`; it looks once a second.
Variants of it have one bug each.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from harness.apiserver.requests import Object
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import CONFIGMAPS, DEPLOYMENTS
from harness.scenario.loader import Case, load_file
from harness.scenario.result import CaseResult
from harness.scenario.runner import Reference, run_case
from harness.vocabulary import CrashForm
from tests.support.api import Api, FakeSubject, with_api


class Operator(FakeSubject):
    """Creates what is missing and repairs replicas, as the ConfigMap says."""

    #: How the operator should misbehave; empty for not at all.
    bug = ""

    def __init__(self, api: Api, bug: str = "") -> None:
        super().__init__(api.recorder)
        self._client: Client = api.subject_client
        self._clock = api.clock
        self._task: asyncio.Task[None] | None = None
        self.bug = bug

    async def start(self) -> None:
        """Run in a task."""
        await super().start()
        self._task = asyncio.create_task(self._run())

    def crash(self, by: CrashForm = "process") -> None:
        """The task is gone at its next step; the cluster of these tests has no network to cut."""
        super().crash(by)
        self.end()

    def end(self) -> None:
        """Cancel the task."""
        if self._task is not None:
            self._task.cancel()

    async def stop(self) -> None:
        """End in order."""
        self.end()
        await super().stop()

    async def _run(self) -> None:
        known: set[str] = set()
        while True:
            try:
                for parent in await self._client.list_objects(CONFIGMAPS, labels="managed=yes"):
                    await self._reconcile(parent, known)
            except ApiError:
                pass  # conflicts and injected errors: look again
            await self._clock.sleep(1)

    async def _reconcile(self, parent: Object, known: set[str]) -> None:
        metadata = parent["metadata"]
        name, namespace = metadata["name"], metadata["namespace"]
        found = await self._client.find(DEPLOYMENTS, name, namespace)
        wanted = int(parent["data"]["replicas"])
        if found is None:
            if self.bug == "creates-once" and name in known:
                return
            known.add(name)
            await self._client.create(DEPLOYMENTS, deployment_of(parent), namespace)
        elif found["spec"]["replicas"] != wanted or self.bug == "writes-always":
            marked = {"metadata": {"annotations": {"at": self._clock.timestamp()}}}
            change = {**marked, "spec": {"replicas": wanted}}
            await self._client.patch(DEPLOYMENTS, name, namespace, document=change)


def deployment_of(parent: Object) -> Object:
    """What the operator wants for a ConfigMap."""
    metadata = parent["metadata"]
    labels = {"app": metadata["name"]}
    owner = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "main", "image": "x:1"}]},
    }
    return {
        "metadata": {"name": metadata["name"], "labels": labels, "ownerReferences": [owner]},
        "spec": {
            "replicas": int(parent["data"]["replicas"]),
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }


class SmallCluster:
    """What `run_case` asks of a cluster."""

    name = "sim"
    capabilities = frozenset({"containers", "nodes"})

    def __init__(self, api: Api, operator: Operator) -> None:
        self.clock = api.clock
        self.entropy = api.entropy
        self.recorder = api.recorder
        self.client = api.client
        self.fault_plane = api.plane
        self.nodes = api.nodes
        self.subjects = {operator.name: operator}


HEAD = """
apiVersion: harness.dev/v1alpha1
kind: Scenario
metadata: {name: test}
spec:
  description: A test of the runner.
  objects: {parent: ConfigMap/demo, workload: Deployment/demo}
"""

CREATE = """
  steps:
  - name: create
    do:
    - apply:
        object:
          apiVersion: v1
          kind: ConfigMap
          metadata: {name: demo, labels: {managed: "yes"}}
          data: {replicas: "2"}
    expect:
      within: 10s
      stableFor: 5s
      all:
      - cel: workload.spec.replicas == 2
"""


def case_of(folder: Path, text: str) -> Case:
    """The one case of a scenario; `text` follows the head, and usually the step `create`."""
    file = folder / "test.yaml"
    file.write_text(HEAD + text)
    (case,) = load_file(file)
    return case


class Played:
    """A case that was run, and the records of the run."""

    def __init__(self, result: CaseResult, api: Api) -> None:
        self.result = result
        self.records = api.recorder.records

    @property
    def decided(self) -> tuple[str, str]:
        """Verdict and the oracle that decided."""
        return str(self.result.verdict), self.result.oracle

    def of(self, record_kind: str, /, **data: Any) -> list[tuple[float, dict[str, Any]]]:
        """Records of a kind whose data has these values, with their time in seconds."""
        return [
            (record.time_ns / 1e9, record.data)
            for record in self.records
            if record.kind == record_kind and all(record.data.get(k) == v for k, v in data.items())
        ]


def play(
    case: Case, *, bug: str = "", seed: int = 0, reference: Reference | None = None, **more: Any
) -> Played:
    """Run a case on a small cluster of its own."""

    async def body(api: Api) -> Played:
        operator = Operator(api, bug)
        await operator.start()
        cluster = SmallCluster(api, operator)
        try:
            result = await run_case(case, cluster, seed=seed, reference=reference, **more)
        finally:
            operator.end()
        return Played(result, api)

    return with_api(body, seed=seed)
