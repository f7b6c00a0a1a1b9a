"""The smallest operator that acts: it marks each ConfigMap labelled `mark`, by kopf's own patch."""

from typing import Any

import kopf

handled: list[str] = []


@kopf.on.login()
def login(**arguments: Any) -> kopf.ConnectionInfo | None:
    in_cluster = kopf.login_with_service_account(**arguments)
    return in_cluster or kopf.login_with_kubeconfig(**arguments)


@kopf.on.create("v1", "configmaps", labels={"mark": kopf.PRESENT})
async def mark(name: str, patch: kopf.Patch, logger: Any, **_: Any) -> None:
    handled.append(name)
    logger.info("marking")
    patch.setdefault("data", {})["marked"] = f"{len(handled)}"


@kopf.on.probe(id="handled")
def count(**_: Any) -> int:
    return len(handled)
