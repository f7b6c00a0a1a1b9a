"""The HTTP skin: bytes in, bytes out, over any transport."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
import orjson
import pytest

from harness.apiserver.http import ApiProtocol, protocol_factory
from harness.apiserver.middleware import ConnectionCut, Handler
from harness.apiserver.requests import Request, Response
from tests.support.apiserver import ADMIN, CONFIGMAPS, Api, on_server


class Wire(asyncio.Transport):
    """A client at the other end: what it got, and whether it was hung up on."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        self.got = b""
        self.ended = ""
        protocol = protocol_factory(api.server, lambda transport: "subject:x")()
        assert isinstance(protocol, ApiProtocol)
        self.protocol = protocol
        protocol.connection_made(self)

    def write(self, data: Any) -> None:
        self.got += data

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"

    def send(self, method: str, target: str, body: bytes = b"", *headers: str) -> None:
        lines = [f"{method} {target} HTTP/1.1", f"Authorization: Bearer {ADMIN}", *headers]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        self.protocol.data_received("\r\n".join([*lines, "", ""]).encode() + body)


class Answer:
    """One answer, parsed."""

    def __init__(self, data: bytes) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.complete = False
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(data)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete = True


def test_a_request_is_answered_within_the_call_that_completes_it() -> None:
    async def main(api: Api) -> None:
        wire = Wire(api)
        wire.send("POST", CONFIGMAPS, b'{"metadata":{"name":"a"}}')
        answer = Answer(wire.got)
        assert (answer.status, answer.complete) == (201, True)
        assert orjson.loads(answer.body)["metadata"]["name"] == "a"

    on_server(main)


def test_a_request_may_come_byte_by_byte() -> None:
    async def main(api: Api) -> None:
        wire = Wire(api)
        for byte in f"GET {CONFIGMAPS} HTTP/1.1\r\nAuthorization: Bearer {ADMIN}\r\n\r\n".encode():
            wire.protocol.data_received(bytes([byte]))
        assert orjson.loads(Answer(wire.got).body)["kind"] == "ConfigMapList"

    on_server(main)


def test_the_text_of_a_list_says_what_its_document_says() -> None:
    async def main(api: Api) -> None:
        for name in "ab":
            await api.create(CONFIGMAPS, name, data={"x": name})
        wire = Wire(api)
        wire.send("GET", CONFIGMAPS)
        assert orjson.loads(Answer(wire.got).body) == await api.ok("GET", CONFIGMAPS)

    on_server(main)


def test_a_watch_is_a_chunked_stream_of_lines() -> None:
    async def main(api: Api) -> None:
        wire = Wire(api)
        rv = api.server.store.rv
        wire.send("GET", f"{CONFIGMAPS}?watch=1&resourceVersion={rv}&timeoutSeconds=1")
        await asyncio.sleep(0.5)
        await api.create(CONFIGMAPS, "a")
        await api.create(CONFIGMAPS, "b")
        await asyncio.sleep(1)
        answer = Answer(wire.got)
        events = [orjson.loads(line) for line in answer.body.splitlines()]
        assert [e["object"]["metadata"]["name"] for e in events] == ["a", "b"]
        assert (answer.complete, wire.ended) == (True, "")

    on_server(main)


def test_a_client_that_hangs_up_ends_its_watch() -> None:
    async def main(api: Api) -> None:
        wire = Wire(api)
        wire.send("GET", f"{CONFIGMAPS}?watch=1")
        await asyncio.sleep(0)
        wire.protocol.connection_lost(None)
        await asyncio.sleep(0)
        sent = wire.got
        await api.create(CONFIGMAPS, "a")
        await asyncio.sleep(1)
        assert wire.got == sent
        assert not [r for r in api.world.recorder.records if r.kind == "watch"]

    on_server(main)


def test_pipelined_requests_are_answered_in_order_behind_a_slow_one() -> None:
    async def slow_post(request: Request, call_next: Handler) -> Response:
        await asyncio.sleep(5 if request.method == "POST" else 0)
        return await call_next(request)

    async def main(api: Api) -> None:
        api.server.faults.received.append(slow_post)
        wire = Wire(api)
        wire.send("POST", CONFIGMAPS, b'{"metadata":{"name":"a"}}')
        wire.send("GET", f"{CONFIGMAPS}/a")
        await asyncio.sleep(4)
        assert wire.got == b""
        await asyncio.sleep(2)
        assert [wire.got.count(b"201 Created"), wire.got.count(b"200 OK")] == [1, 1]

    on_server(main)


def test_a_cut_connection_gets_no_answer() -> None:
    async def cut(request: Request, call_next: Handler) -> Response:
        await call_next(request)
        raise ConnectionCut

    async def main(api: Api) -> None:
        api.server.faults.responding.append(cut)
        wire = Wire(api)
        wire.send("POST", CONFIGMAPS, b'{"metadata":{"name":"a"}}')
        await asyncio.sleep(0)
        assert (wire.got, wire.ended) == (b"", "aborted")
        api.server.faults.responding.clear()
        await api.ok("GET", f"{CONFIGMAPS}/a")

    on_server(main)


def test_a_client_that_waits_to_be_asked_is_asked_for_the_body() -> None:
    async def main(api: Api) -> None:
        wire = Wire(api)
        head = f"POST {CONFIGMAPS} HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        wire.protocol.data_received(head.encode())
        assert wire.got == b"HTTP/1.1 100 Continue\r\n\r\n"

    on_server(main)


def test_what_is_no_http_is_refused_and_hung_up_on() -> None:
    async def main(api: Api) -> None:
        wire = Wire(api)
        wire.protocol.data_received(b"\x16\x03\x01 hello\r\n\r\n")
        assert (wire.got.startswith(b"HTTP/1.1 400"), wire.ended) == (True, "closed")

    on_server(main)


def test_the_actor_of_a_connection_is_who_the_transport_belongs_to() -> None:
    async def main(api: Api) -> None:
        Wire(api).send("GET", CONFIGMAPS)
        record = api.world.recorder.records[-1]
        assert (record.actor, record.connection) == ("subject:x", "subject:x:1")

    on_server(main)


@pytest.mark.parametrize("text", ["true", "1", "T", "True", "TRUE", "t"])
def test_booleans_are_read_as_go_reads_them(text: str) -> None:
    async def main(api: Api) -> None:
        response = await api.call("GET", CONFIGMAPS, watch=text)
        assert response.events is not None

    on_server(main)


def test_a_trailing_slash_is_forgiven_where_the_real_server_forgives_it() -> None:
    async def main(api: Api) -> None:
        for path in ("/version/", "/api/", "/readyz"):
            assert (await api.call("GET", path)).status == 200

    on_server(main)
