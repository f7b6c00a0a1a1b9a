"""A real kube-apiserver with its etcd, and the users that the sequences name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.clusters import control_plane_start as starting
from harness.clusters.control_plane_secrets import User
from tests.conformance.wire import RealServer

#: Users and their groups, the same on both servers; each has a token of its own.
USERS: dict[str, tuple[str, ...]] = {
    "admin": ("system:masters",),
    "alice": ("developers",),
    "bob": (),
}
TOKENS = {name: f"{name}-token" for name in USERS}


@contextlib.contextmanager
def control_plane() -> Iterator[RealServer]:
    """A fresh real server, ready; raises when the programs are missing or don't start."""
    users = {TOKENS[name]: User(name, groups) for name, groups in USERS.items()}
    with starting.control_plane(users=users, controllers=False) as plane:
        yield RealServer(plane.port, TOKENS, plane.etcd_port)
