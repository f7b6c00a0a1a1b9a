"""The order in which manifests must be applied: what others need comes first."""

from __future__ import annotations

from collections.abc import Iterable

from harness.apiserver.requests import Object

#: Kinds that others refer to, in order; every other kind comes after them.
_FIRST = (
    "CustomResourceDefinition",
    "Namespace",
    "ServiceAccount",
    "ClusterRole",
    "Role",
    "ClusterRoleBinding",
    "RoleBinding",
    "ConfigMap",
    "Secret",
)


def ready_to_install(documents: Iterable[Object]) -> list[Object]:
    """The documents in an order in which each finds what it needs; otherwise as given."""
    ranks = {kind: rank for rank, kind in enumerate(_FIRST)}
    return sorted(documents, key=lambda document: ranks.get(document["kind"], len(_FIRST)))
