"""The model server runs in simulated pods and answers over the simulated network."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

import harness
from harness.clusters.simulated import SimulationOptions
from harness.running.programs import programs

MANIFESTS = Path(__file__).resolve().parents[2] / "operator" / "manifests"
DEMO = {
    "apiVersion": "example.com/v1",
    "kind": "AIService",
    "metadata": {"name": "demo"},
    "spec": {"size": 1, "model": {"name": "moods", "version": "2"}},
}


async def post(path: str, document: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Ask the Service as any pod would, by its name; status and answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://demo.default.svc:8080{path}", json=document) as response,
    ):
        return response.status, await response.json()


def test_a_service_learns_and_predicts_and_forgets_with_its_pod() -> None:
    bound = programs({"aiservice/model-server:*": "model_server.pod:serve"})
    cluster = harness.Cluster(seed=5, options=SimulationOptions(programs=bound))
    answers: list[tuple[int, dict[str, Any]]] = []

    async def body() -> None:
        await cluster.apply(MANIFESTS / "crd.yaml")
        await cluster.start("aiservice_operator.handlers")
        await cluster.apply(DEMO)
        await cluster.converges(harness.ready("AIService/demo"), within="60s", stable_for="5s")
        await post("/learn", {"text": "what a lovely day", "label": "good"})
        await post("/learn", {"text": "what a dreadful mess", "label": "bad"})
        answers.append(await post("/predict", {"text": "a lovely mess of lovely things"}))
        await cluster.inject(
            harness.PodKill(select={"ownedBy": "AIService/demo"})  # type: ignore[arg-type]
        )
        await cluster.converges(harness.ready("AIService/demo"), within="60s", stable_for="5s")
        await asyncio.sleep(1)
        answers.append(await post("/predict", {"text": "a lovely mess of lovely things"}))

    cluster.run(body)
    (status, answer), (status_afterwards, _) = answers
    assert (status, answer["label"], answer["model"]) == (
        200,
        "good",
        {"name": "moods", "version": "2"},
    )
    assert status_afterwards == 409  # nothing was learned yet: the state died with the pod
