"""The stand-in as a process: print the port for the engine, serve, end with the engine.

The engine gives its own address as the first argument; messages for people go there.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent import futures

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2_grpc

from .provider import KubernetesProvider, Log

_MESSAGE_BYTES_MAX = 400 * 1024 * 1024  # as the engine
_LOOK_SECONDS = 1.0
_LAST_CALLS_SECONDS = 30.0
_OPTIONS = [("grpc.max_receive_message_length", _MESSAGE_BYTES_MAX)]


def main(arguments: list[str]) -> int:
    """Serve until the engine is gone; returns the exit code."""
    addresses = [each for each in arguments if not each.startswith("-")]
    if not addresses:
        sys.stderr.write("This is a Pulumi plugin: it is started by pulumi, not by hand.\n")
        return 1
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=_OPTIONS)
    provider = KubernetesProvider(_log_to(addresses[0]))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    asked_to_end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked_to_end.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    _wait(asked_to_end, os.getppid())
    server.stop(_LAST_CALLS_SECONDS).wait()
    return 0


def _wait(asked_to_end: threading.Event, engine: int) -> None:
    """The engine ends its plugins; when it was killed itself, it cannot."""
    while not asked_to_end.wait(_LOOK_SECONDS) and os.getppid() == engine:
        pass


def _log_to(address: str) -> Log:
    engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def log(message: str, urn: str) -> None:
        engine.Log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn))

    return log
