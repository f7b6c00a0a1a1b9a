"""A real kube-apiserver with its etcd, for as long as it is needed.

The programs are found in `KUBEBUILDER_ASSETS`, as envtest finds them. Everything is temporary:
ports are free ones, data lies in a temporary folder, and both processes end with the context,
whatever happens in it. Ready in about three seconds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.conformance.wire import RealServer, ready

#: Users and their groups, the same on both servers; each has a token of its own.
USERS: dict[str, tuple[str, ...]] = {
    "admin": ("system:masters",),
    "alice": ("developers",),
    "bob": (),
}
TOKENS = {name: f"{name}-token" for name in USERS}
START_SECONDS_MAX = 60.0


def assets() -> Path | None:
    """The folder of the real programs, or None."""
    folder = os.environ.get("KUBEBUILDER_ASSETS", "")
    path = Path(folder)
    return path if folder and (path / "kube-apiserver").exists() else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def control_plane() -> Iterator[RealServer]:
    """A fresh real server, ready; raises when the programs are missing or don't start."""
    folder = assets()
    if folder is None:
        raise RuntimeError("set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd")
    home = Path(tempfile.mkdtemp(prefix="conformance-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        etcd, api = _free_port(), _free_port()
        stack.enter_context(_process(_etcd(folder, home, etcd), home / "etcd.log"))
        stack.enter_context(_process(_kube_apiserver(folder, home, etcd, api), home / "api.log"))
        _wait(api, home / "api.log")
        yield RealServer(api, TOKENS, etcd)


def _etcd(folder: Path, home: Path, port: int) -> list[str]:
    url = f"http://127.0.0.1:{port}"
    return [
        str(folder / "etcd"),
        f"--data-dir={home / 'data'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls=http://127.0.0.1:{_free_port()}",
        "--unsafe-no-fsync",
    ]


def _kube_apiserver(folder: Path, home: Path, etcd: int, port: int) -> list[str]:
    _write_keys(home)
    lines = [
        f"{TOKENS[name]},{name},{name}" + (f',"{",".join(groups)}"' if groups else "")
        for name, groups in USERS.items()
    ]
    (home / "tokens.csv").write_text("\n".join(lines) + "\n")
    return [
        str(folder / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        f"--cert-dir={home / 'certs'}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={home / 'sa.pub'}",
        f"--service-account-signing-key-file={home / 'sa.key'}",
        f"--token-auth-file={home / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true",
    ]


def _write_keys(home: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (home / "sa.key").write_bytes(private)
    (home / "sa.pub").write_bytes(public)


@contextlib.contextmanager
def _process(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX  # noqa: TID251 - real programs, real time
    while not ready(port, TOKENS["admin"]):
        if time.monotonic() > deadline:  # noqa: TID251
            raise RuntimeError(f"kube-apiserver did not start: {log.read_text()[-2000:]}")
        time.sleep(0.1)  # noqa: TID251
