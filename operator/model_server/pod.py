"""The model server as the program of a simulated pod: the same app, served until SIGTERM.

A simulator that binds images to functions calls `serve(pod)`; nothing of it is imported here, so
`Pod` says what is asked of it. Environment and model files are those that the operator gives to
the real container (`__main__`).
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from aiohttp import web

from model_server.app import make_app


class Pod(Protocol):
    """What the program is given: environment, files by mount path, SIGTERM as an event."""

    environment: Mapping[str, str]
    volumes: Mapping[str, Mapping[str, bytes]]
    terminating: asyncio.Event
    probe_now: Callable[[], None]


async def serve(pod: Pod) -> int:
    """Serve until the pod is asked to end; returns the exit code."""
    model = pod.volumes.get(pod.environment.get("MODEL_PATH", ""), {})
    app = await make_app(
        folder=None,
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
