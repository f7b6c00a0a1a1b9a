"""A history of a cluster, written down record by record, for tests of what judges records."""

from __future__ import annotations

from typing import Any

from harness.clusters.state import ClusterState, Key
from harness.oracle.view import View
from harness.simulation.records import Record
from harness.vocabulary import parse_reference

SECOND = 1_000_000_000

API_VERSIONS = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "AIService": "example.com/v1",
    "Lease": "coordination.k8s.io/v1",
}


def thing(kind: str, name: str, *, namespace: str = "case", **fields: Any) -> dict[str, Any]:
    """An object; `labels`, `owners` (objects) and other metadata go to their places."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "uid": f"{kind}-{name}"}
    for field in ("labels", "annotations", "finalizers", "generateName", "uid"):
        if field in fields:
            metadata[field] = fields.pop(field)
    if fields.pop("terminating", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    if "generation" in fields:
        metadata["generation"] = fields.pop("generation")
    owners = fields.pop("owners", [])
    if owners:
        metadata["ownerReferences"] = [
            {
                "apiVersion": owner["apiVersion"],
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
            for owner in owners
        ]
    api_version = API_VERSIONS.get(kind, "v1")
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


class History:
    """Records in order, and the state they lead to. Times are seconds."""

    def __init__(self, **names: str) -> None:
        self.records: list[Record] = []
        self.state = ClusterState()
        references = {name: parse_reference(text) for name, text in names.items()}
        self.view = View(self.state, references, "case")
        self.key: Key | None = None

    def record(
        self,
        of: str,
        data: dict[str, Any],
        *,
        actor: str = "",
        at: float = 0.0,
        causes: tuple[int, ...] = (),
    ) -> Record:
        """Write one record of a kind down, and take it into the state."""
        rv = len(self.records) + 1 if of == "object" else None
        entry = Record(
            len(self.records) + 1, round(at * SECOND), of, actor, "", rv, causes, data=data
        )
        self.records.append(entry)
        self.key = self.state.take(entry)
        return entry

    def write(
        self,
        document: dict[str, Any],
        type_: str = "",
        *,
        by: str = "subject:operator",
        at: float = 0.0,
        causes: tuple[int, ...] = (),
    ) -> Record:
        """A committed version of an object; ADDED or MODIFIED by what exists."""
        metadata = document["metadata"]
        key = (document["kind"], metadata["namespace"], metadata["name"])
        exists = any(known[1:] == key for known, _ in self.state.objects())
        data = {
            "type": type_ or ("MODIFIED" if exists else "ADDED"),
            "apiVersion": document["apiVersion"],
            "kind": document["kind"],
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "object": document,
            "by": "a user",
        }
        return self.record("object", data, actor=by, at=at, causes=causes)

    def delete(self, document: dict[str, Any], *, by: str = "user", at: float = 0.0) -> Record:
        """An object is gone."""
        return self.write(document, "DELETED", by=by, at=at)
