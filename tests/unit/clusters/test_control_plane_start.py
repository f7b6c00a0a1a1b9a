"""What is known about a control plane before one is started."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from harness.clusters import control_plane_programs as programs
from harness.clusters import control_plane_start as starting
from harness.errors import UsageError


class _Stranger(BaseHTTPRequestHandler):
    """An etcd that is somebody else's."""

    def do_POST(self) -> None:
        body = json.dumps({"members": [{"name": "somebody-else"}]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Stranger) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_an_etcd_of_somebody_else_is_not_ours(stranger: int) -> None:
    assert not starting._etcd_is(stranger, "harness-1")
    assert starting._etcd_is(stranger, "somebody-else")


def test_nobody_answering_is_not_ours() -> None:
    (port,) = starting._free_ports(1)
    assert not starting._etcd_is(port, "harness-1")
    assert not starting._is_ready(port, _ca(), "token")


def _ca() -> str:
    import trustme

    return str(trustme.CA().cert_pem.bytes().decode())


def test_programs_are_found_in_the_assets_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("etcd", "kube-apiserver"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert set(programs.find_programs()) == {"etcd", "kube-apiserver"}
    assert programs.missing_programs() == ""


def test_missing_programs_are_named_with_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    with pytest.raises(UsageError, match=r"etcd and kube-apiserver not found.*setup-envtest"):
        starting.control_plane().__enter__()
