"""The model server's image as the program of a simulated pod: the same code, without processes.

A simulator that binds images to functions calls `serve(pod)`; nothing of it is imported here, so
`Pod` says what is asked of it. Command, environment and folders are those that the operator gives
to the real container; without a command the image serves until SIGTERM (`__main__`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from model_server import ask, jobs
from model_server.app import make_app


class Pod(Protocol):
    """What the program is given: its container, environment, files by mount path or as a folder,
    SIGTERM as an event, a log.
    """

    container: Mapping[str, Any]
    environment: Mapping[str, str]
    volumes: Mapping[str, Mapping[str, bytes]]
    terminating: asyncio.Event
    probe_now: Callable[[], None]
    log: Callable[[str], None]

    def folder(self, path: str) -> Path:
        """The directory behind a path of the container."""


async def serve(pod: Pod) -> int:
    """Do what the container's command says; returns the exit code."""
    command: Sequence[str] = [
        *(pod.container.get("command") or ()),
        *(pod.container.get("args") or ()),
    ]
    if command[:2] != ["python", "-m"]:
        return await _serve_model(pod)
    program = PROGRAMS[command[2]]
    return await program(pod, command[3:])


async def _serve_model(pod: Pod) -> int:
    model = pod.volumes.get(pod.environment.get("MODEL_PATH", ""), {})
    state = pod.environment.get("STATE_PATH")
    app = await make_app(
        folder=pod.folder(state) if state else None,
        name=model.get("name", b"default").decode().strip(),
        version=model.get("version", b"0").decode().strip(),
    )
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "0.0.0.0", int(pod.environment.get("PORT", "8080"))).start()
        pod.probe_now()
        await pod.terminating.wait()
    finally:
        await runner.cleanup()
    return 0


async def _backup(pod: Pod, arguments: Sequence[str]) -> int:
    return await jobs.backup(pod.environment, pod.folder(pod.environment["BACKUPS_PATH"]), pod.log)


async def _restore(pod: Pod, arguments: Sequence[str]) -> int:
    return await jobs.restore(pod.environment, pod.folder(pod.environment["BACKUPS_PATH"]), pod.log)


async def _ask(pod: Pod, arguments: Sequence[str]) -> int:
    return await ask.ask(arguments, pod.log)


PROGRAMS: Mapping[str, Callable[[Pod, Sequence[str]], Awaitable[int]]] = {
    "model_server.backup": _backup,
    "model_server.restore": _restore,
    "model_server.ask": _ask,
}
