"""A blocking operator: synchronous handlers, the blocking client, kopf's default login."""

import time
from typing import Any

import kopf
import kubernetes


@kopf.on.create("v1", "configmaps", labels={"slow": kopf.PRESENT})
def answer(name: str, namespace: str | None, **_: Any) -> None:
    api = kubernetes.client.CoreV1Api()
    namespace = namespace or "default"
    time.sleep(60)
    count = len(api.list_namespaced_config_map(namespace, label_selector="slow").items)
    body = {"metadata": {"name": f"{name}-answer"}, "data": {"count": str(count)}}
    api.create_namespaced_config_map(namespace, body)
