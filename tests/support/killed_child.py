"""A process that breaks things in a cluster and kills itself with SIGKILL in the middle.

    python -m tests.support.killed_child KUBECONFIG NAMESPACE WRITES before|after

It prints `done` when it gets to the end, because it was to die at a write that it never makes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from harness.apiserver.middleware import FaultPlane
from harness.client import Client
from harness.client.http_transport import HttpTransport
from harness.clusters.access import read_kubeconfig
from harness.clusters.ownership import Run
from harness.clusters.state import ClusterState
from harness.faults.context import FaultContext
from harness.faults.fault import Fault
from harness.faults.undo_store import ClusterUndoStore
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder

from .killed import COMPARED, break_and_undo, dying


def die() -> None:
    """As the kernel's out-of-memory killer does it."""
    os.kill(os.getpid(), signal.SIGKILL)


async def main(kubeconfig: str, namespace: str, writes: str, when: str) -> None:
    """Break, and die."""
    access, clock = read_kubeconfig(Path(kubeconfig)), real_clock()
    async with HttpTransport(access.url, token=access.token, tls=access.tls()) as transport:
        deadly = dying(transport, int(writes), answered=when == "after", die=die)
        client = Client(deadly, "harness")
        recorder = Recorder(clock)
        await record_all(client, recorder, namespace)
        state = ClusterState(recorder.records)

        def context(fault: Fault, **more: Any) -> FaultContext:
            return FaultContext(
                type=fault.type,
                clock=clock,
                entropy=Entropy(0),
                recorder=recorder,
                fault_plane=FaultPlane(),
                state=state,
                namespace=namespace,
                **more,
            )

        run = Run.begin()
        store = ClusterUndoStore(client, run, "case", clock)
        await break_and_undo(run, store, client, context, node=f"node-of-{namespace}")
    sys.stdout.write("done\n")


async def record_all(client: Client, recorder: Recorder, namespace: str) -> None:
    """Write down what is there, as the mirror of a run does."""
    for resource in COMPARED:
        for document in await client.list_objects(resource, namespace):
            meta = document["metadata"]
            shown = {**document, "data": {"hidden": "hash"}} if document["kind"] == "Secret" else {}
            recorder.record(
                "object",
                actor="somebody",
                rv=int(meta["resourceVersion"]),
                type="ADDED",
                apiVersion=resource.api_version,
                kind=resource.kind,
                namespace=meta.get("namespace", ""),
                name=meta["name"],
                uid=meta["uid"],
                object=shown or document,
            )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
