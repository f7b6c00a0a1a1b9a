"""Bug: a pod with an older title is deleted, whatever its budget says; an eviction would ask."""

from __future__ import annotations

from tests.subjects.pages import handlers

_keep = handlers.keep
POD = "/api/v1/namespaces/{}/pods/{}"
BUDGET = "/apis/policy/v1/namespaces/{}/poddisruptionbudgets/{}"


async def keep(page: handlers.Object) -> None:
    """As ever, and a pod with a budget that it stays."""
    await _keep(page)
    title = page["spec"]["title"]
    metadata = handlers.metadata_of(page, "server")
    namespace, labels = metadata["namespace"], metadata["labels"]
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata}
    spec = {"minAvailable": 1, "selector": {"matchLabels": labels}}
    await handlers.call("PATCH", BUDGET.format(namespace, "server"), budget | {"spec": spec})
    place = POD.format(namespace, "server")
    found = await handlers.call("GET", place)
    if found is not None and found["metadata"]["annotations"]["title"] != title:
        await handlers.call("DELETE", place)
    elif found is None:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata | {"annotations": {"title": title}},
            "spec": {"containers": [{"name": "main", "image": "x:1"}]},
        }
        await handlers.call("PATCH", place, pod)


vars(handlers).update(keep=keep)
