"""Creations that the engine began and never saw the end of, because it was killed.

The object may be in the cluster, and is not in the state: `destroy` would leave it. So it is put
into the state, under the identifier that Pulumi's Kubernetes plugin makes of namespace and name. A
refresh then looks at the cluster: it reads what is there, and drops from the state what is not.

See https://www.pulumi.com/docs/support/troubleshooting/common-issues/ (pending operations)
"""

from __future__ import annotations

from typing import Any

_BEGUN = "creating"


def adopt_pending(stack: Any) -> list[str]:
    """Put what was being created into the state, for a refresh; the identifiers."""
    state = stack.export_stack()
    pending = (state.deployment or {}).get("pending_operations") or ()
    begun = [operation["resource"] for operation in pending if operation["type"] == _BEGUN]
    if not begun:
        return []
    for resource in begun:
        resource["id"] = _identifier(resource.get("inputs") or {})
    state.deployment["resources"] += begun
    state.deployment["pending_operations"] = []
    stack.import_stack(state)
    return [resource["id"] for resource in begun]


def _identifier(inputs: dict[str, Any]) -> str:
    metadata = inputs.get("metadata") or {}
    return "/".join(part for part in (metadata.get("namespace"), metadata.get("name")) if part)
