"""Which contexts may be broken, and what is said of the others."""

from __future__ import annotations

import pytest

from harness.clusters.guard import check_context
from harness.errors import UsageError

REMOTE = "https://203.0.113.7:6443"


@pytest.mark.parametrize(
    ("name", "server"),
    [
        pytest.param("kind-lab", REMOTE, id="kind-on-a-remote-docker"),
        pytest.param("k3d-dev", "https://0.0.0.0:41234", id="k3d"),
        pytest.param("minikube", "https://192.168.49.2:8443", id="minikube"),
        pytest.param("docker-desktop", "https://kubernetes.docker.internal:6443", id="docker"),
        pytest.param("rancher-desktop", REMOTE, id="rancher"),
        pytest.param("colima-work", REMOTE, id="colima-profile"),
        pytest.param("envtest", "https://127.0.0.1:16443", id="loopback"),
        pytest.param("envtest", "https://127.8.0.1:16443", id="all-of-127"),
        pytest.param("envtest", "https://[::1]:6443", id="loopback-of-ipv6"),
        pytest.param("", "https://localhost:6443", id="localhost"),
        pytest.param("products", "https://127.0.0.1:6443", id="prod-is-only-part-of-a-word"),
    ],
)
def test_what_looks_disposable_may_be_broken(name: str, server: str) -> None:
    check_context(name, server, [])


@pytest.mark.parametrize(
    ("name", "server", "reason"),
    [
        pytest.param("team", REMOTE, "its server is not on this machine", id="remote"),
        pytest.param("team", "https://10.0.0.1", "its server is not on this machine", id="private"),
        pytest.param("mykind-lab", REMOTE, "its name is none of kind-*", id="only-nearly-kind"),
        pytest.param("minikube-2", REMOTE, "its name is none of", id="only-nearly-minikube"),
        pytest.param(
            "team", "https://localhost.example.com", "not on this machine", id="localhost-outside"
        ),
        pytest.param("", "nonsense", "its server is not on this machine", id="no-address"),
        pytest.param("prod", "https://127.0.0.1:6443", "its name says 'prod'", id="tunnel"),
        pytest.param("kind-PROD-eu", REMOTE, "its name says 'prod'", id="prod-in-a-local-name"),
        pytest.param(
            "arn:aws:eks:eu-west-1:1:cluster/staging",
            "https://localhost:8443",
            "its name says 'staging'",
            id="staging",
        ),
    ],
)
def test_what_does_not_is_refused_with_the_reason_and_the_word_to_write(
    name: str, server: str, reason: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_context(name, server, [])
    text = str(caught.value)
    assert reason in text
    assert server in text
    assert text.endswith(f"write --allow-context {name}")


def test_a_context_that_is_named_is_permitted_whatever_it_looks_like() -> None:
    check_context("prod", REMOTE, ["other", "prod"])


def test_another_name_permits_nothing() -> None:
    with pytest.raises(UsageError, match="--allow-context names 'prod-eu', not this one"):
        check_context("prod", REMOTE, ["prod-eu"])
