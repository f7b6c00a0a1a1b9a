"""A simulated process is killed, paused and resumed as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import signal
import sys

import pytest

from harness.errors import UsageError
from harness.simulation.identity import owner_name
from harness.simulation.process import State
from harness.simulation.world import World, run

VARIABLE = contextvars.ContextVar("variable", default="unset")


class Sink:
    """A server that keeps what it was sent."""

    def __init__(self) -> None:
        self.received = b""
        self.errors: list[str] = []

    async def start(self) -> None:
        await asyncio.start_server(self._take, "server", 7)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                while data := await reader.read(100):
                    self.received += data
            except ConnectionResetError as error:
                self.errors.append(type(error).__name__)


async def _send_on_the_way_out() -> None:
    _, writer = await asyncio.open_connection("server", 7)
    writer.write(b"begun ")
    try:
        await asyncio.sleep(1000)
    finally:
        writer.write(b"finally")
        writer.close()


def test_nothing_that_a_killed_process_does_reaches_anyone() -> None:
    async def main(world: World) -> Sink:
        sink = Sink()
        await sink.start()
        process = world.spawn("subject", _send_on_the_way_out)
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(10)
        return sink

    sink = run(main)
    assert (sink.received, sink.errors) == (b"begun ", ["ConnectionResetError"])


def test_a_process_that_exits_lets_its_last_words_arrive() -> None:
    async def main(world: World) -> Sink:
        async def program() -> None:
            _, writer = await asyncio.open_connection("server", 7)
            writer.write(b"last words")
            open_files.append(writer)

        sink = Sink()
        open_files: list[asyncio.StreamWriter] = []
        await sink.start()
        await world.spawn("subject", program).wait()
        await asyncio.sleep(1)
        return sink

    sink = run(main)
    assert (sink.received, sink.errors) == (b"last words", [])


def test_no_finally_and_no_timer_of_a_killed_process_runs_while_the_run_goes_on() -> None:
    events: list[str] = []

    async def program() -> None:
        asyncio.get_running_loop().call_later(5, events.append, "timer")
        try:
            await asyncio.sleep(1000)
        finally:
            events.append("finally")

    async def main(world: World) -> list[str]:
        process = world.spawn("subject", program)
        await asyncio.sleep(1)
        process.kill()
        await asyncio.sleep(2000)
        return list(events)

    assert run(main) == []


def test_a_kill_from_within_a_callback_still_cuts_what_that_callback_writes() -> None:
    async def main(world: World) -> bytes:
        async def program() -> None:
            _, writer = await asyncio.open_connection("server", 7)
            process.kill()
            writer.write(b"after death")
            await asyncio.sleep(0)
            writer.write(b"long after")

        sink = Sink()
        await sink.start()
        process = world.spawn("subject", program)
        assert await process.wait() == -signal.SIGKILL
        await asyncio.sleep(1)
        return sink.received

    assert run(main) == b""


def test_a_paused_process_stands_still_and_goes_on_when_resumed() -> None:
    async def main(world: World) -> list[float]:
        ticks: list[float] = []

        async def program() -> None:
            for _ in range(4):
                await asyncio.sleep(1)
                ticks.append(world.loop.time())

        process = world.spawn("subject", program)
        await asyncio.sleep(1.5)
        process.pause()
        await asyncio.sleep(10)
        process.resume()
        await process.wait()
        return ticks

    assert run(main) == [1.0, 11.5, 12.5, 13.5]


def test_a_process_has_context_variables_of_its_own() -> None:
    async def main(world: World) -> tuple[str, str]:
        VARIABLE.set("harness")
        seen: list[str] = []

        async def program() -> None:
            seen.append(VARIABLE.get())
            VARIABLE.set("subject")
            seen.append(owner_name())

        await world.spawn("subject", program).wait()
        return VARIABLE.get(), ",".join(seen)

    assert run(main) == ("harness", "unset,subject")


@pytest.mark.parametrize(
    ("leave", "code"),
    [
        pytest.param(lambda: None, 0, id="returns"),
        pytest.param(lambda: sys.exit(3), 3, id="sys.exit"),
        pytest.param(lambda: sys.exit("broken"), 1, id="sys.exit with a message"),
        pytest.param(lambda: 1 / 0, 1, id="unhandled error"),
        pytest.param(lambda: os._exit(5), 5, id="os._exit"),
    ],
)
def test_a_process_ends_with_the_code_of_python(leave: object, code: int) -> None:
    async def main(world: World) -> int:
        async def program() -> None:
            await asyncio.sleep(1)
            leave()  # type: ignore[operator]

        return await world.spawn("subject", program).wait()

    assert run(main) == code


def test_sys_exit_in_any_task_ends_the_process_and_no_other() -> None:
    async def main(world: World) -> tuple[int, State]:
        async def leave() -> None:
            sys.exit(4)

        async def program() -> None:
            task = asyncio.create_task(leave())
            await asyncio.sleep(1000)
            await task

        other = world.spawn("other", lambda: asyncio.sleep(1000))
        return await world.spawn("subject", program).wait(), other.state

    assert run(main) == (4, State.RUNNING)


def test_a_signal_runs_the_handler_that_the_process_set() -> None:
    async def main(world: World) -> int:
        async def program() -> None:
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
            await stop.wait()
            sys.exit(7)

        process = world.spawn("subject", program)
        await asyncio.sleep(1)
        process.signal(signal.SIGTERM)
        return await process.wait()

    assert run(main) == 7


def test_a_signal_without_handler_ends_the_process() -> None:
    async def main(world: World) -> int:
        process = world.spawn("subject", lambda: asyncio.sleep(1000))
        await asyncio.sleep(1)
        process.signal(signal.SIGTERM)
        return await process.wait()

    assert run(main) == -signal.SIGTERM


def test_two_living_processes_cannot_share_a_name() -> None:
    async def main(world: World) -> None:
        world.spawn("subject", lambda: asyncio.sleep(1000))
        with pytest.raises(UsageError, match="'subject' is alive"):
            world.spawn("subject", lambda: asyncio.sleep(1000))

    run(main)


def test_processes_draw_from_streams_of_their_own() -> None:
    import random

    async def main(world: World, others: int) -> float:
        drawn: dict[str, float] = {}

        async def program() -> None:
            await asyncio.sleep(1)
            drawn[owner_name()] = random.random()

        for number in range(others):
            world.spawn(f"other-{number}", program)
        await world.spawn("subject", program).wait()
        return drawn["subject"]

    assert run(lambda world: main(world, 0)) == run(lambda world: main(world, 3))
