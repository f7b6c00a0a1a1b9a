"""The certificate authority of the simulation is the same in every process."""

from __future__ import annotations

from harness.simulation.tls import Authority


def test_two_authorities_have_one_certificate() -> None:
    """It is published in the cluster and so stands in the journal."""
    assert Authority().pem == Authority().pem


def test_what_one_authority_issues_the_other_trusts() -> None:
    """They are the same authority, so it does not matter which of them a client knows."""
    one, other = Authority(), Authority()
    assert one.server_context("a.example") is not other.server_context("a.example")
    (known,) = other.client_context().get_ca_certs(binary_form=True)
    (same,) = one.client_context().get_ca_certs(binary_form=True)
    assert known == same
