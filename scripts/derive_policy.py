"""Derive the default RBAC policy from a running real API server into a compact data file.

    python scripts/derive_policy.py URL TOKEN > harness/apiserver/data/rbac-v1.37.json

Only what the server itself bootstraps is taken (label `kubernetes.io/bootstrapping`), without
uids, times and managed fields.
"""

from __future__ import annotations

import json
import ssl
import sys
import urllib.request
from typing import Any

GROUP = "/apis/rbac.authorization.k8s.io/v1"
KINDS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
}
LABEL = "kubernetes.io/bootstrapping"
KEPT_METADATA = ("name", "namespace", "labels", "annotations")


def fetch(url: str, token: str) -> dict[str, Any]:
    """GET of a JSON document; the lab's certificate is not checked."""
    if not url.startswith("https://"):
        raise SystemExit(f"the URL of an API server starts with https://, not {url!r}")
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 -- https, see above
    context = ssl._create_unverified_context()
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    with opener.open(request) as response:
        document: dict[str, Any] = json.load(response)
    return document


def compact(item: dict[str, Any]) -> dict[str, Any]:
    """The item without what belongs to one cluster."""
    kept = {key: value for key, value in item.items() if key not in ("metadata",)}
    meta = {key: item["metadata"][key] for key in KEPT_METADATA if key in item["metadata"]}
    return {"metadata": meta, **kept}


def main(url: str, token: str) -> None:
    """Print the policy as JSON, one object a line."""
    lines = []
    for kind, plural in KINDS.items():
        items = fetch(f"{url}{GROUP}/{plural}", token)["items"]
        found = [item for item in items if LABEL in item["metadata"].get("labels", {})]
        texts = [json.dumps(compact(item), separators=(",", ":")) for item in found]
        lines.append(f'"{kind}":[\n' + ",\n".join(texts) + "\n]")
    print("{" + ",\n".join(lines) + "}")


if __name__ == "__main__":
    main(*sys.argv[1:])
