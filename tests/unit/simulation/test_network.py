"""The in-memory network: streams, aiohttp and TLS work, and a cut is a cut."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from harness.simulation.tls import authority
from harness.simulation.world import World, run


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
    writer.close()


async def _hello(request: web.Request) -> web.Response:
    return web.json_response({"path": request.path, "scheme": request.scheme})


async def _serve(world: World, **tls: object) -> None:
    app = web.Application()
    app.router.add_get("/{path:.*}", _hello)
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    world.network.listen("server", 443, runner.server, **tls)  # type: ignore[arg-type]


def test_asyncio_streams_talk_over_named_hosts() -> None:
    async def main(world: World) -> bytes:
        await asyncio.start_server(_echo, "server", 7)
        reader, writer = await asyncio.open_connection("server", 7)
        writer.write(b"ping")
        answer = await reader.read(100)
        writer.close()
        assert await reader.read() == b""
        return answer

    assert run(main) == b"ping"


def test_packets_take_a_small_virtual_time() -> None:
    async def main(world: World) -> float:
        await asyncio.start_server(_echo, "server", 7)
        reader, writer = await asyncio.open_connection("server", 7)
        before = world.loop.time()
        writer.write(b"ping")
        await reader.read(100)
        took = world.loop.time() - before
        writer.close()
        return took

    assert 0.0001 <= run(main) <= 0.001


def test_what_one_connection_carries_arrives_in_order() -> None:
    async def main(world: World) -> bytes:
        await asyncio.start_server(_echo, "server", 7)
        reader, writer = await asyncio.open_connection("server", 7)
        for number in range(100):
            writer.write(b"%03d" % number)
            await asyncio.sleep(0.00001)
        writer.write_eof()
        return await reader.read()

    assert run(main) == b"".join(b"%03d" % number for number in range(100))


def test_aiohttp_talks_http() -> None:
    async def main(world: World) -> object:
        await _serve(world)
        async with (
            aiohttp.ClientSession() as session,
            session.get("http://server:443/a") as answer,
        ):
            return await answer.json()

    assert run(main) == {"path": "/a", "scheme": "http"}


@pytest.mark.parametrize("optional", [False, True], ids=["tls-only", "tls-or-plain"])
def test_aiohttp_talks_tls_that_it_verifies(optional: bool) -> None:
    async def main(world: World) -> object:
        await _serve(world, ssl_context=authority().server_context("server"), tls_optional=optional)
        context = authority().client_context()
        async with (
            aiohttp.ClientSession() as session,
            session.get("https://server:443/a", ssl=context) as answer,
        ):
            return await answer.json()

    assert run(main) == {"path": "/a", "scheme": "https"}


def test_a_port_with_optional_tls_takes_plain_text() -> None:
    async def main(world: World) -> object:
        await _serve(world, ssl_context=authority().server_context("server"), tls_optional=True)
        async with (
            aiohttp.ClientSession() as session,
            session.get("http://server:443/a") as answer,
        ):
            return await answer.json()

    assert run(main) == {"path": "/a", "scheme": "http"}


def test_aiohttp_servers_listen_on_the_host_of_their_process() -> None:
    async def main(world: World) -> object:
        async def program() -> None:
            app = web.Application()
            app.router.add_get("/{path:.*}", _hello)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "0.0.0.0", 8080).start()
            await asyncio.sleep(1000)

        world.spawn("pod", program)
        await asyncio.sleep(1)
        async with aiohttp.ClientSession() as session, session.get("http://pod:8080/x") as answer:
            return await answer.json()

    assert run(main) == {"path": "/x", "scheme": "http"}


def test_a_server_knows_whose_connection_it_is() -> None:
    seen: dict[str, object] = {}

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        names = ["simulation_process", "simulation_host", "simulation_connection", "peername"]
        seen.update({name: writer.get_extra_info(name) for name in names})
        writer.close()

    async def main(world: World) -> None:
        await asyncio.start_server(look, "server", 7)

        async def program() -> None:
            _, writer = await asyncio.open_connection("server", 7)
            await asyncio.sleep(1)
            writer.close()

        await world.spawn("subject:demo", program, host="ai-operator").wait()
        address = world.network.host("ai-operator").address
        assert seen == {
            "simulation_process": "subject:demo",
            "simulation_host": "ai-operator",
            "simulation_connection": "ai-operator>server:7#1",
            "peername": (address, 32769),
        }

    run(main)


def test_an_undeclared_host_is_refused_with_the_remedy() -> None:
    async def main(world: World) -> None:
        with pytest.raises(aiohttp.ClientConnectorError, match=r"'example\.com'.*`externals`"):
            async with aiohttp.ClientSession() as session:
                await session.get("http://example.com/")
        assert "example.com" in world.recorder.records[0].data["message"]

    run(main)


def test_a_closed_port_is_refused() -> None:
    async def main(world: World) -> None:
        world.network.host("server")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("server", 7)

    run(main)


def test_a_cut_resets_all_connections_of_a_host() -> None:
    async def main(world: World) -> None:
        await asyncio.start_server(_echo, "server", 7)
        reader, _ = await asyncio.open_connection("server", 7)
        world.network.cut("server")
        with pytest.raises(ConnectionResetError):
            await reader.read(1)

    run(main)


def test_packets_wait_while_a_host_is_isolated() -> None:
    async def main(world: World) -> tuple[bytes, int]:
        await asyncio.start_server(_echo, "server", 7)
        reader, writer = await asyncio.open_connection("server", 7)
        world.network.isolate("server")
        writer.write(b"ping")
        world.loop.call_later(60, world.network.isolate, "server", False)
        answer = await reader.read(100)
        writer.close()
        return answer, round(world.loop.time())

    assert run(main) == (b"ping", 60)


def test_a_writer_waits_for_a_reader_that_takes_nothing() -> None:
    async def main(world: World) -> bool:
        async def never_reads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(1000)

        await asyncio.start_server(never_reads, "server", 7, limit=1000)
        _, writer = await asyncio.open_connection("server", 7)
        for _ in range(4):
            writer.write(b"x" * 100_000)
            await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 10)
        writer.transport.abort()
        return True

    assert run(main)
