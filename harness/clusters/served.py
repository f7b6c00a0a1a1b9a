"""The simulated cluster over https in real time: for kubectl, any client, and kopf as a process.

The same server and controllers as in `simulated`, on a plain event loop; pods are data. It listens
on loopback, with a random token that only the kubeconfig holds.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.apiserver.middleware import FaultPlane
from harness.apiserver.requests import Object
from harness.apiserver.server import ApiServer
from harness.apiserver.serving import serving
from harness.client import Client
from harness.controllers.manager import ControllerManager
from harness.simulation.clock import real_clock
from harness.simulation.entropy import Entropy
from harness.simulation.records import Recorder

from .installing import ready_to_install


class ServedCluster:
    """A simulated cluster that real programs can reach; use as an async context manager.

    Args:
        port: 0 takes a free one.
        kubeconfig: Where to write how to reach it; removed at the end.
        controllers: Whether controllers and nodes run.
        nodes: How many nodes.
    """

    name = "served"

    def __init__(
        self, *, port: int = 0, kubeconfig: Path, controllers: bool = True, nodes: int = 3
    ) -> None:
        self._port = port
        self._kubeconfig = kubeconfig
        self._controllers = controllers
        self._nodes = nodes
        self._stack = contextlib.AsyncExitStack()
        self.fault_plane = FaultPlane()
        self.url = ""

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        clock = real_clock()
        # Identifiers of a server that real programs talk to must differ from the last one's.
        entropy = Entropy(os.urandom(16).hex())
        self.recorder = Recorder(clock, keep=False)
        server = ApiServer(clock, entropy, self.recorder, faults=self.fault_plane)
        self.client = Client(server.handle, "harness")
        served = await stack.enter_async_context(serving(server, port=self._port))
        if self._controllers:
            manager = ControllerManager(
                self.client.acting_as("controller"),
                clock,
                entropy,
                nodes=self._nodes,
                root_ca=served.ca_pem.decode(),
            )
            await manager.start()
            stack.push_async_callback(manager.stop)
        served.write_kubeconfig(self._kubeconfig)
        stack.callback(_remove_own, self._kubeconfig, served.token)
        self.url = served.url

    async def install(self, documents: Iterable[Object]) -> None:
        """Apply manifests, definitions and namespaces first."""
        for document in ready_to_install(documents):
            await self.client.apply(document, manager="harness", namespace="default")

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()


def _remove_own(kubeconfig: Path, token: str) -> None:
    """Remove our kubeconfig; another server may have written its own there meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        if token in kubeconfig.read_text():
            kubeconfig.unlink()
