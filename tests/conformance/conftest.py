"""The option that records anew, and the real server, started once and only if a test wants it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.clusters.control_plane_programs import missing_programs
from tests.conformance.control_plane import control_plane
from tests.conformance.wire import RealServer


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden`: ask the real server in KUBEBUILDER_ASSETS and record its answers."""
    parser.addoption("--update-golden", action="store_true", help="record real answers anew")


@pytest.fixture(scope="session")
def real() -> Iterator[RealServer]:
    """A real kube-apiserver; skips where its programs are not to be had."""
    if missing := missing_programs():
        pytest.skip(f"no real kube-apiserver to compare with: {missing}")
    with control_plane() as server:
        yield server
