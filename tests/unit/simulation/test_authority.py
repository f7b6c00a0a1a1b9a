"""The certificate authority of the simulation is the same in every process."""

from __future__ import annotations

from harness.simulation.tls import Authority


def test_two_authorities_have_one_certificate() -> None:
    """It is published in the cluster and so stands in the journal."""
    assert Authority().pem == Authority().pem
