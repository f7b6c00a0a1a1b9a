"""The admission webhook that sequences configure: it answers by the path that it is called at.

The same function answers the real server, through a thread that listens on loopback, and the
simulated one, through a listener on the simulated network; both over TLS, with a certificate of the
simulation's authority, which is the same in every process.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harness.simulation.tls import authority

LOOPBACK = "127.0.0.1"
SIMULATED_PORT = 9443
Json = dict[str, Any]

#: What is added to a response that refuses, by path.
REFUSALS: dict[str, Json] = {
    "/deny": {},
    "/because": {"status": {"reason": "BecauseSo", "code": 200}},
    "/teapot": {
        "status": {"message": "no way", "code": 418, "reason": "Teapot"},
        "warnings": ["careful", 'say "please"'],
    },
}
#: What is added to a response that allows, by path.
CONSENTS: dict[str, Json] = {
    "/allow": {},
    "/warn": {"warnings": ["careful"]},
    "/patch-without-type": {"patch": "W10="},
    "/patch-of-another-type": {"patch": "W10=", "patchType": "Merge"},
}
#: JSON patches, by path.
PATCHES: dict[str, Any] = {
    "/add-data": [{"op": "add", "path": "/data", "value": {"by": "webhook"}}],
    "/add-label": [{"op": "add", "path": "/metadata/labels", "value": {"by": "webhook"}}],
    "/count": [{"op": "add", "path": "/metadata/annotations", "value": {"seen": ""}}],
    "/misplaced": [{"op": "add", "path": "/x/y/z", "value": 1}],
    "/no-list": {},
    "/wrong-type": [{"op": "add", "path": "/data", "value": {"by": 1}}],
    "/unknown-field": [{"op": "add", "path": "/oops", "value": 1}],
    "/invalid": [{"op": "add", "path": "/data", "value": {"no key": "x"}}],
    "/replicas": [{"op": "replace", "path": "/spec/replicas", "value": 3}],
    "/no-op": [{"op": "add", "path": "/metadata/namespace", "value": "$namespace"}],
}
#: Whole bodies, by path.
BODIES: dict[str, Json] = {
    "/nothing": {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"},
    "/another-uid": {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "x", "allowed": True},
    },
    "/old": {
        "apiVersion": "admission.k8s.io/v1beta1",
        "kind": "AdmissionReview",
        "response": {"uid": "x", "allowed": True},
    },
}


def answer(path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to one review."""
    path = path.partition("?")[0]
    if path == "/broken":
        return 500, b"{}"
    if path == "/missing":
        return 404, b"{}"
    if path in BODIES:
        return 200, json.dumps(BODIES[path]).encode()
    request = json.loads(body)["request"]
    response: Json = {"uid": request["uid"], "allowed": path not in REFUSALS and path != "/show"}
    response |= REFUSALS.get(path, {}) | CONSENTS.get(path, {})
    if path == "/show":
        response["status"] = {"message": _shown(request)}
    if path == "/count":
        response |= _patch(_counted(request["object"]))
    elif path in PATCHES:
        response |= _patch(PATCHES[path])
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
    return 200, json.dumps(review).encode()


def _patch(operations: Any) -> Json:
    text = base64.b64encode(json.dumps(operations).encode()).decode()
    return {"patchType": "JSONPatch", "patch": text}


def _counted(document: Json) -> list[Json]:
    """How often this webhook saw an object, and what labels it saw."""
    notes = document["metadata"].get("annotations") or {}
    labels = ",".join(sorted(document["metadata"].get("labels") or {}))
    seen = [*filter(None, [notes.get("seen")]), f"({labels})"]
    value = {**notes, "seen": " ".join(seen)}
    return [{"op": "add", "path": "/metadata/annotations", "value": value}]


def _shown(request: Json) -> str:
    """The request as text, without what differs from one write to the next."""
    request.pop("uid")
    request["userInfo"].pop("extra", None)
    for name in ("object", "oldObject"):
        meta = (request.get(name) or {}).get("metadata") or {}
        meta.pop("managedFields", None)
        for field in ("resourceVersion", "uid"):
            if meta.get(field):
                meta[field] = f"<{field}>"
        if meta.get("generateName") and meta.get("name"):
            request["name"] = meta["name"] = "<generated>"
    return json.dumps(request, sort_keys=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer one review."""
        body = self.rfile.read(int(self.headers["content-length"]))
        status, text = answer(self.path, body)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def bundle() -> str:
    """The `caBundle` of whoever calls it."""
    return base64.b64encode(authority().pem.encode()).decode()


@contextmanager
def listening() -> Iterator[str]:
    """Listen on loopback for a real server; gives host and port."""
    server = ThreadingHTTPServer((LOOPBACK, 0), _Handler)
    context = authority().server_context(LOOPBACK)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def listen_in_simulation() -> str:
    """The same on the simulated network."""
    context: ssl.SSLContext = authority().server_context(LOOPBACK)
    await asyncio.start_server(_converse, LOOPBACK, SIMULATED_PORT, ssl=context)
    return f"{LOOPBACK}:{SIMULATED_PORT}"


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    path = head.split(" ", 2)[1]
    lengths = [line for line in head.split("\r\n") if line.lower().startswith("content-length:")]
    body = await reader.readexactly(int(lengths[0].partition(":")[2]))
    status, text = answer(path, body)
    writer.write(f"HTTP/1.1 {status} x\r\ncontent-length: {len(text)}\r\n\r\n".encode() + text)
    await writer.drain()
    writer.close()
