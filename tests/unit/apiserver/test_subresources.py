"""Eviction and binding of pods; versions of a custom resource; forms of an answer."""

from __future__ import annotations

from typing import Any

from tests.support.apiserver import CONFIGMAPS, MERGE, PODS, Api, on_server, thing

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
SPEC = {"containers": [{"name": "c", "image": "i"}]}
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


async def running_pod(api: Api, name: str) -> None:
    await api.create("/api/v1/namespaces/default/serviceaccounts", "default")
    labels = {"labels": {"app": "a"}}
    await api.create(PODS, name, metadata=labels, spec={**SPEC, "nodeName": "n"})
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    await api.ok("PATCH", f"{PODS}/{name}/status", {"status": status}, content_type=MERGE)


async def budget(api: Api, allowed: int) -> None:
    selector = {"matchLabels": {"app": "a"}}
    await api.create(BUDGETS, "b", spec={"minAvailable": 1, "selector": selector})
    status = {"observedGeneration": 1, "disruptionsAllowed": allowed, "expectedPods": 1}
    status |= {"currentHealthy": 1, "desiredHealthy": 1}
    await api.ok("PATCH", f"{BUDGETS}/b/status", {"status": status}, content_type=MERGE)


def eviction(name: str) -> dict[str, Any]:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}


def test_an_eviction_is_refused_while_the_budget_allows_none() -> None:
    async def main(api: Api) -> None:
        await running_pod(api, "p")
        await budget(api, 0)
        status = await api.refused("POST", f"{PODS}/p/eviction", eviction("p"))
        assert (status["code"], status["reason"]) == (429, "TooManyRequests")
        assert status["details"]["causes"][0]["message"] == (
            "The disruption budget b needs 1 healthy pods and has 1 currently"
        )

    on_server(main)


def test_an_eviction_takes_one_disruption_from_the_budget() -> None:
    async def main(api: Api) -> None:
        await running_pod(api, "p")
        await budget(api, 1)
        await api.ok("POST", f"{PODS}/p/eviction", eviction("p"))
        assert (await api.ok("GET", f"{PODS}/p"))["metadata"]["deletionTimestamp"]
        left = (await api.ok("GET", f"{BUDGETS}/b"))["status"]
        assert (left["disruptionsAllowed"], list(left["disruptedPods"])) == (0, ["p"])

    on_server(main)


def test_a_pod_is_bound_once() -> None:
    async def main(api: Api) -> None:
        await api.create("/api/v1/namespaces/default/serviceaccounts", "default")
        await api.create(PODS, "p", spec=SPEC)
        binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
        await api.ok("POST", f"{PODS}/p/binding", binding)
        pod = await api.ok("GET", f"{PODS}/p")
        assert pod["spec"]["nodeName"] == "n"
        assert pod["status"]["conditions"][-1]["type"] == "PodScheduled"
        assert (await api.refused("POST", f"{PODS}/p/binding", binding))["code"] == 409

    on_server(main)


def test_an_object_is_shown_in_the_version_that_is_asked_for() -> None:
    async def main(api: Api) -> None:
        path = await api.define()
        definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.example.com"
        crd = await api.ok("GET", definition)
        first = crd["spec"]["versions"][0]
        other = {**first, "name": "v2", "storage": False, "deprecated": True}
        patch = {"spec": {"versions": [first, other]}}
        await api.ok("PATCH", definition, patch, content_type=MERGE)
        await api.ok("POST", path, thing("a", x=1))
        response = await api.call("GET", f"{path.replace('v1', 'v2')}/a")
        assert (response.document["apiVersion"], response.document["x"]) == ("example.com/v2", 1)
        assert response.warnings == ['299 - "example.com/v2 Thing is deprecated"']
        changed = await api.ok(
            "PATCH", f"{path.replace('v1', 'v2')}/a", {"x": 2}, content_type=MERGE
        )
        assert changed["apiVersion"] == "example.com/v2"
        stored = await api.ok("GET", f"{path}/a")
        assert (stored["apiVersion"], stored["x"]) == ("example.com/v1", 2)

    on_server(main)


def test_a_list_and_a_watch_can_be_tables() -> None:
    async def main(api: Api) -> None:
        await api.create(CONFIGMAPS, "a")
        table = await api.ok("GET", CONFIGMAPS, headers=TABLE)
        assert (table["kind"], table["rows"][0]["cells"][0]) == ("Table", "a")
        response = await api.call("GET", CONFIGMAPS, watch="1", headers=TABLE)
        assert response.events is not None
        event = await anext(response.events)
        assert (event.type, event.object["kind"]) == ("ADDED", "Table")

    on_server(main)


def test_a_client_that_takes_nothing_that_can_be_given_is_told_so() -> None:
    async def main(api: Api) -> None:
        status = await api.refused("GET", CONFIGMAPS, headers={"accept": "text/html"})
        assert (status["code"], status["reason"]) == (406, "NotAcceptable")

    on_server(main)
