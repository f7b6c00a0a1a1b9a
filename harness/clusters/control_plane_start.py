"""A real control plane as local processes: etcd, kube-apiserver, and the controllers if present.

    etcd > is it ours? > kube-apiserver > ready > kube-controller-manager, kube-scheduler

Everything is temporary: free ports, a folder that is removed, a certificate authority and tokens of
its own. Ready in about three seconds.

Ports are free when they are chosen, but somebody else may take one before etcd does. So etcd has a
random name, and nothing is written before the one that answers has it; the API server is known by
its certificate.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import trustme

from harness.apiserver.serving import LOOPBACK, random_token
from harness.errors import InfrastructureError, UsageError
from harness.subjects.scratch import scratch_prefix

from .access import Access
from .control_plane_programs import (
    CONTROLLERS,
    NEEDED,
    api_server_command,
    controller_command,
    etcd_command,
    find_programs,
    missing_programs,
)
from .control_plane_secrets import User, write_private, write_secrets
from .processes import Child, Children, logs_kept_on_failure

ADMIN = "harness"
_ATTEMPTS = 3
_LOOK_SECONDS = 0.05
_LOOKS_MAX = 1200
_CONNECT_SECONDS = 5.0


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

    @property
    def access(self) -> Access:
        """As its administrator."""
        return Access(self.url, self.ca_pem, self.token)

    def kubeconfig(self) -> str:
        """A kubeconfig for its administrator; JSON is YAML."""
        return self.access.kubeconfig()


@contextlib.contextmanager
def control_plane(
    *,
    users: Mapping[str, User] | None = None,
    controllers: bool = True,
    logs: Path | None = None,
) -> Iterator[ControlPlane]:
    """A fresh control plane, ready; all of it is gone when the context ends.

    Args:
        users: Further users, by their tokens.
        controllers: Start kube-controller-manager and kube-scheduler too, where they are found.
        logs: A folder for the programs' logs; without one they are kept only on failure.

    Raises:
        UsageError: A program that is needed is not there.
        InfrastructureError: One does not start; its last words are in the message.
    """
    if missing := missing_programs():
        raise UsageError(missing)
    home = Path(tempfile.mkdtemp(prefix=scratch_prefix("control-plane")))
    with Children(home, logs) as children, logs_kept_on_failure(home):
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
        own = User(ADMIN, ("system:masters",))
        write_secrets(self._home, self._authority, {token: own, **users})
        etcd_port = self._start_etcd()
        port = self._start_api_server(etcd_port, token)
        plane = ControlPlane(port, self._ca_pem, token, etcd_port, self._home)
        started = self._start_controllers(plane) if controllers else []
        return replace(plane, running=frozenset([*NEEDED, *started]))

    def _start_etcd(self) -> int:
        """Start etcd on ports that are really its own."""
        for _ in range(_ATTEMPTS):
            name, (client, peer) = f"harness-{random_token()[:12]}", _free_ports(2)
            command = etcd_command(self._programs, self._home, name, client, peer)
            child = self._children.start("etcd", command)
            if self._answers(child, partial(_etcd_is, client, name)):
                return client
            words = child.last_words()
            self._children.end(child)
        raise InfrastructureError(f"etcd did not start: {words}")

    def _start_api_server(self, etcd_port: int, token: str) -> int:
        for _ in range(_ATTEMPTS):
            (port,) = _free_ports(1)
            command = api_server_command(self._programs, self._home, etcd_port, port)
            child = self._children.start("kube-apiserver", command)
            if self._answers(child, partial(_is_ready, port, self._ca_pem, token)):
                return port
            words = child.last_words()
            self._children.end(child)
        raise InfrastructureError(f"kube-apiserver did not start: {words}")

    def _start_controllers(self, plane: ControlPlane) -> list[str]:
        """Start the controllers that are there; they wait for the API server by themselves."""
        write_private(self._home / "kubeconfig", plane.kubeconfig())
        started = [name for name in CONTROLLERS if name in self._programs]
        for name in started:
            self._children.start(name, controller_command(self._programs, self._home, name))
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
