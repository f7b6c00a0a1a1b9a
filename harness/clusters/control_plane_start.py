"""A real control plane as local processes: etcd, kube-apiserver, and the controllers if present.

    etcd > is it ours? > kube-apiserver > ready > kube-controller-manager, kube-scheduler

The programs are found in `KUBEBUILDER_ASSETS`, as envtest finds them, or on PATH. Everything is
temporary: free ports, a folder that is removed, a certificate authority and tokens of its own,
and etcd does not wait for the disk. Ready in about three seconds.

Ports are free when they are chosen, but somebody else may take one before etcd does. So etcd has a
random name, and nothing is written before the one that answers has it; the API server is known by
its certificate.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from harness.apiserver.serving import LOOPBACK, random_token
from harness.errors import InfrastructureError, UsageError
from harness.subjects.endpoint import Endpoint

from .processes import Child, Children, logs_kept_on_failure

ASSETS = "KUBEBUILDER_ASSETS"
ADMIN = "harness"
_NEEDED = ("etcd", "kube-apiserver")
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
_SERVICE_RANGE = "10.96.0.0/16"
_ATTEMPTS = 3
_LOOK_SECONDS = 0.05
_LOOKS_MAX = 1200
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class User:
    """A user that the API server knows by a token."""

    name: str
    groups: Sequence[str] = ()


@dataclass(frozen=True)
class ControlPlane:
    """A control plane that runs: where, and what a client needs to trust it and be trusted.

    `running` names the programs; `etcd_port` is for tests that compact the history.
    """

    port: int
    ca_pem: str
    token: str
    etcd_port: int
    logs: Path
    running: frozenset[str] = field(default_factory=frozenset)

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"https://{LOOPBACK}:{self.port}"

    def kubeconfig(self) -> str:
        """A kubeconfig for its administrator; JSON is YAML."""
        return Endpoint(LOOPBACK, self.port, self.ca_pem, self.token).kubeconfig()


def find_programs() -> dict[str, Path]:
    """The programs of Kubernetes that this machine has, by name."""
    folder = os.environ.get(ASSETS, "")
    found = {}
    for name in (*_NEEDED, *_CONTROLLERS):
        path = shutil.which(name, path=folder) if folder else None
        path = path or shutil.which(name)
        if path is not None:
            found[name] = Path(path)
    return found


def missing_programs() -> str:
    """What is missing for a control plane and how to get it; empty when nothing is."""
    found = find_programs()
    missing = [name for name in _NEEDED if name not in found]
    if not missing:
        return ""
    return (
        f"{' and '.join(missing)} not found in {ASSETS} or PATH; "
        f"`setup-envtest use` downloads them, then set {ASSETS} to the folder it prints"
    )


@contextlib.contextmanager
def control_plane(
    *, users: Mapping[str, User] | None = None, controllers: bool = True
) -> Iterator[ControlPlane]:
    """A fresh control plane, ready; all of it is gone when the context ends.

    Args:
        users: Further users, by their tokens.
        controllers: Start kube-controller-manager and kube-scheduler too, where they are found.

    Raises:
        UsageError: A program that is needed is not there.
        InfrastructureError: One does not start; its last words are in the message.
    """
    if missing := missing_programs():
        raise UsageError(missing)
    home = Path(tempfile.mkdtemp(prefix="operator-harness-control-plane-"))
    with Children(home) as children, logs_kept_on_failure(home):
        starting = _Starting(home, children, find_programs())
        yield starting.start(users or {}, controllers=controllers)


class _Starting:
    """One control plane on its way up."""

    def __init__(self, home: Path, children: Children, programs: Mapping[str, Path]) -> None:
        self._home = home
        self._children = children
        self._programs = programs
        self._authority = trustme.CA(organization_name="operator-harness")
        self._ca_pem = self._authority.cert_pem.bytes().decode()

    def start(self, users: Mapping[str, User], *, controllers: bool) -> ControlPlane:
        token = random_token()
        self._write_secrets({token: User(ADMIN, ("system:masters",)), **users})
        etcd_port = self._start_etcd()
        port = self._start_api_server(etcd_port, token)
        plane = ControlPlane(port, self._ca_pem, token, etcd_port, self._home)
        started = self._start_controllers(plane) if controllers else []
        return replace(plane, running=frozenset([*_NEEDED, *started]))

    def _write_secrets(self, users: Mapping[str, User]) -> None:
        home = self._home
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        _write_private(home / "sa.key", _private_pem(key))
        (home / "sa.pub").write_text(_public_pem(key))
        (home / "ca.pem").write_text(self._ca_pem)
        served = self._authority.issue_cert(LOOPBACK, "localhost", "10.96.0.1")
        served.private_key_and_cert_chain_pem.write_to_path(str(home / "api.pem"))
        lines = [
            f"{token},{user.name},{user.name}"
            + (f',"{",".join(user.groups)}"' if user.groups else "")
            for token, user in users.items()
        ]
        _write_private(home / "tokens.csv", "\n".join(lines) + "\n")

    def _start_etcd(self) -> int:
        """Start etcd on ports that are really its own."""
        for _ in range(_ATTEMPTS):
            name, (client, peer) = f"harness-{random_token()[:12]}", _free_ports(2)
            child = self._children.start("etcd", self._etcd(name, client, peer))
            if self._answers(child, partial(_etcd_is, client, name)):
                return client
            words = child.last_words()
            self._children.end(child)
        raise InfrastructureError(f"etcd did not start: {words}")

    def _etcd(self, name: str, client: int, peer: int) -> list[str]:
        url, peer_url = f"http://{LOOPBACK}:{client}", f"http://{LOOPBACK}:{peer}"
        return [
            str(self._programs["etcd"]),
            f"--name={name}",
            f"--data-dir={self._home / name}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster={name}={peer_url}",
            "--unsafe-no-fsync",
        ]

    def _start_api_server(self, etcd_port: int, token: str) -> int:
        for _ in range(_ATTEMPTS):
            (port,) = _free_ports(1)
            child = self._children.start("kube-apiserver", self._api_server(etcd_port, port))
            if self._answers(child, partial(_is_ready, port, self._ca_pem, token)):
                return port
            words = child.last_words()
            self._children.end(child)
        raise InfrastructureError(f"kube-apiserver did not start: {words}")

    def _api_server(self, etcd_port: int, port: int) -> list[str]:
        home = self._home
        return [
            str(self._programs["kube-apiserver"]),
            f"--etcd-servers=http://{LOOPBACK}:{etcd_port}",
            f"--secure-port={port}",
            f"--bind-address={LOOPBACK}",
            f"--cert-dir={home / 'certs'}",
            f"--tls-cert-file={home / 'api.pem'}",
            f"--tls-private-key-file={home / 'api.pem'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={home / 'sa.pub'}",
            f"--service-account-signing-key-file={home / 'sa.key'}",
            f"--token-auth-file={home / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            f"--service-cluster-ip-range={_SERVICE_RANGE}",
            "--allow-privileged=true",
        ]

    def _start_controllers(self, plane: ControlPlane) -> list[str]:
        """Start the controllers that are there; they wait for the API server by themselves."""
        kubeconfig = self._home / "kubeconfig"
        _write_private(kubeconfig, plane.kubeconfig())
        common = [f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0"]
        common += ["--kube-api-qps=200", "--kube-api-burst=400"]
        own = {
            "kube-controller-manager": [
                f"--service-account-private-key-file={self._home / 'sa.key'}",
                f"--root-ca-file={self._home / 'ca.pem'}",
                "--allocate-node-cidrs=false",
            ],
            "kube-scheduler": [],
        }
        started = [name for name in _CONTROLLERS if name in self._programs]
        for name in started:
            self._children.start(name, [str(self._programs[name]), *common, *own[name]])
        return started

    def _answers(self, child: Child, asks: Callable[[], bool]) -> bool:
        """Wait until a program answers as it should; False when it ended or takes too long."""
        for _ in range(_LOOKS_MAX):
            if child.ended_within(_LOOK_SECONDS):
                return False
            if asks():
                return True
        return False


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]


def _etcd_is(port: int, name: str) -> bool:
    """Whether the etcd on a port is the one of this name, and serves."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_CONNECT_SECONDS)
    try:
        connection.request("POST", "/v3/cluster/member/list", "{}")
        members = json.loads(connection.getresponse().read()).get("members", ())
        return [member.get("name") for member in members] == [name]
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _is_ready(port: int, ca_pem: str, token: str) -> bool:
    """Whether the API server is ours, by its certificate, and ready, RBAC's first objects too."""
    trust = ssl.create_default_context(cadata=ca_pem)
    connection = http.client.HTTPSConnection(
        LOOPBACK, port, timeout=_CONNECT_SECONDS, context=trust
    )
    try:
        connection.request("GET", "/readyz", headers={"authorization": f"Bearer {token}"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from the first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
