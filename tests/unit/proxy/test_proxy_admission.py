"""Pods come with the tokens of their ServiceAccount, and can be cut off at an instant."""

from __future__ import annotations

import asyncio
import socket

import pytest

from harness.apiserver.middleware import Handler
from harness.apiserver.requests import Request, Response
from harness.apiserver.status import ApiError
from harness.client import Client
from harness.client.resources import CONFIGMAPS, NAMESPACES, SERVICE_ACCOUNTS
from harness.clusters.proxy import Gateway, Line, ProxyPlace, proxy_to, reserved_place
from harness.clusters.tokens import service_account_token
from harness.errors import InfrastructureError, UsageError
from harness.simulation.records import Record
from tests.support.proxied import Proxied, config_map, transport_to, with_proxy

ACCOUNT = "system:serviceaccount:ops:robot"
ACTOR = "subject:robot"
GROUP = {"apiGroup": "rbac.authorization.k8s.io"}


async def account_token(proxied: Proxied, name: str = "robot") -> str:
    """The token that a kubelet would put into a pod of an account, which may do everything."""
    await proxied.admin.create(NAMESPACES, {"metadata": {"name": "ops"}})
    await proxied.admin.create(SERVICE_ACCOUNTS, {"metadata": {"name": name}}, "ops")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {**GROUP, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "ops"}],
    }
    await proxied.admin.apply(binding, manager="test")
    return await service_account_token(proxied.admin, name, "ops")


class Reviewer:
    """The harness's own client, as far as a proxy needs it; counts what it is asked."""

    def __init__(self, admin: Client) -> None:
        self.asked = 0
        self.answer: ApiError | ConnectionError | None = None

        async def send(request: Request) -> Response:
            self.asked += 1
            if self.answer is not None:
                raise self.answer
            return await admin._transport(request)

        self.client = Client(send, "harness")


async def whoami(client: Client) -> str:
    """The user name that the server knows a client by."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    answer = await client.call("POST", path, document=review)
    name: str = answer.document["status"]["userInfo"]["username"]
    return name


def test_a_pod_passes_with_its_own_token_and_is_known_by_it_to_the_server() -> None:
    async def body(proxied: Proxied) -> None:
        token, reviewer = await account_token(proxied), Reviewer(proxied.admin)
        proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, reviewer.client)
        async with transport_to(proxied.endpoint, token) as transport:
            assert await whoami(Client(transport, "")) == ACCOUNT
        (record,) = proxied.records("request")
        assert (record.actor, record.data["user"]) == (ACTOR, ACCOUNT)

    with_proxy(body)


def test_the_server_is_asked_once_for_a_token() -> None:
    async def body(proxied: Proxied) -> None:
        token, reviewer = await account_token(proxied), Reviewer(proxied.admin)
        proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, reviewer.client)
        async with transport_to(proxied.endpoint, token) as transport:
            for _ in range(3):
                await whoami(Client(transport, ""))
        assert reviewer.asked == 1

    with_proxy(body)


@pytest.mark.parametrize("whose", ["another-account", "nobody"])
def test_whoever_is_not_expected_is_unauthorized(whose: str) -> None:
    async def body(proxied: Proxied) -> None:
        token = await account_token(proxied, "other") if whose == "another-account" else "guessed"
        proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, proxied.admin)
        before = len(proxied.received)
        async with transport_to(proxied.endpoint, token) as transport:
            with pytest.raises(ApiError, match="Unauthorized") as caught:
                await Client(transport, "").get(CONFIGMAPS, "a", "default")
        assert caught.value.code == 401
        assert len(proxied.received) == before
        assert proxied.records("request") == []

    with_proxy(body)


def test_a_harness_that_may_not_review_tokens_is_told() -> None:
    async def body(proxied: Proxied) -> None:
        reviewer = Reviewer(proxied.admin)
        reviewer.answer = ApiError(403, "Forbidden", "you cannot create tokenreviews")
        proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, reviewer.client)
        async with transport_to(proxied.endpoint, "a-token") as transport:
            with pytest.raises(ApiError, match="you cannot create tokenreviews"):
                await whoami(Client(transport, ""))

    with_proxy(body)


def test_a_server_that_is_away_is_away_for_pods_as_well() -> None:
    async def body(proxied: Proxied) -> None:
        reviewer = Reviewer(proxied.admin)
        reviewer.answer = ConnectionError("away")
        proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, reviewer.client)
        async with transport_to(proxied.endpoint, "a-token") as transport:
            with pytest.raises(ConnectionError):
                await whoami(Client(transport, ""))

    with_proxy(body)


def test_a_cut_line_ends_watches_and_lets_nothing_pass() -> None:
    async def body(proxied: Proxied) -> None:
        token = await account_token(proxied)
        line = proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, proxied.admin)
        async with transport_to(proxied.endpoint, token) as transport:
            client = Client(transport, "")
            answered = asyncio.Event()

            def look(record: Record) -> None:
                if record.kind == "response":
                    answered.set()

            proxied.recorder.follow(look)
            watch = client.watch(CONFIGMAPS, "ops")
            following = asyncio.ensure_future(anext(watch))
            await answered.wait()
            before = len(proxied.received)
            line.cut()
            with pytest.raises(ConnectionError):
                await following
            with pytest.raises(ConnectionError):
                await whoami(client)
        assert len(proxied.received) == before
        assert not proxied.faults.open_watches

    with_proxy(body)


def test_a_line_that_is_cut_within_a_request_takes_the_request_along() -> None:
    async def body(proxied: Proxied) -> None:
        token = await account_token(proxied)
        line = proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, proxied.admin)

        async def crash(request: Request, call_next: Handler) -> Response:
            line.cut()
            return await call_next(request)

        proxied.faults.received.append(crash)
        async with transport_to(proxied.endpoint, token) as transport:
            before = len(proxied.received)
            with pytest.raises(ConnectionError):
                await Client(transport, "").create(CONFIGMAPS, config_map("a"), "ops")
        assert len(proxied.received) == before

    with_proxy(body)


def test_after_a_cut_only_the_next_life_passes() -> None:
    async def body(proxied: Proxied) -> None:
        old = await account_token(proxied)
        new = old + "x"  # stands for the token of another pod
        reviewer = Reviewer(proxied.admin)
        line = proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, reviewer.client)
        async with transport_to(proxied.endpoint, old) as transport:
            await whoami(Client(transport, ""))
            line.cut()
            line.restore()
            with pytest.raises(ConnectionError):
                await whoami(Client(transport, ""))
        assert not line.is_cut_for(new)
        assert line.is_cut_for(old)

    with_proxy(body)


class Connection(asyncio.Transport):
    """One that can be broken."""

    def abort(self) -> None:
        """Nothing hangs on it."""


def test_a_container_that_is_started_again_in_its_pod_passes_with_the_pods_token() -> None:
    line = Line()
    line.join(Connection(), "of a pod that is gone")
    line.cut()
    line.restore()
    line.join(Connection(), "of the pod")
    line.cut()
    assert line.is_cut_for("of the pod")
    line.restore(same_pods=True)
    assert not line.is_cut_for("of the pod")
    assert line.is_cut_for("of a pod that is gone")


def test_one_line_that_is_cut_leaves_the_others() -> None:
    async def body(proxied: Proxied) -> None:
        proxied.gateway.admission.admit_account(ACTOR, ACCOUNT, proxied.admin).cut()
        assert await whoami(proxied.subject) == "system:serviceaccount:ops:operator"

    with_proxy(body)


def test_proxies_serve_one_place_one_after_the_other() -> None:
    async def body(proxied: Proxied) -> None:
        token = await account_token(proxied)
        with reserved_place("127.0.0.1") as place:
            for _ in range(2):
                gateway = Gateway(
                    proxied.gateway.upstream,
                    proxied.faults,
                    proxied.recorder,
                    proxied.gateway.authorship,
                )
                gateway.admission.admit_account(ACTOR, ACCOUNT, proxied.admin)
                await _once(gateway, place, token, proxied)

    async def _once(gateway: Gateway, place: ProxyPlace, token: str, proxied: Proxied) -> None:
        gateway.close = _nothing  # type: ignore[method-assign]  # the upstream is shared here
        async with proxy_to(gateway, place) as proxy:
            assert (proxy.host, proxy.port, proxy.ca_pem) == (place.host, place.port, place.ca_pem)
            endpoint = type(proxied.endpoint)(place.host, place.port, place.ca_pem, token)
            async with transport_to(endpoint) as transport:
                assert await whoami(Client(transport, "")) == ACCOUNT

    async def _nothing() -> None:
        pass

    with_proxy(body)


def test_between_proxies_callers_are_refused_and_nobody_gets_the_port() -> None:
    with reserved_place("127.0.0.1") as place:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((place.host, place.port), timeout=5).close()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((place.host, place.port))


def test_two_places_have_two_ports() -> None:
    with reserved_place("127.0.0.1") as one, reserved_place("127.0.0.1") as two:
        assert one.port != two.port


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_proxy_does_not_listen_everywhere(host: str) -> None:
    with pytest.raises(UsageError, match="which is every address"), reserved_place(host):
        pytest.fail("it is refused")


def test_an_address_that_is_not_ours_is_told() -> None:
    # Of a range for documentation (RFC 5737), which no machine has.
    with pytest.raises(InfrastructureError, match="Docker Desktop"), reserved_place("192.0.2.1"):
        pytest.fail("it cannot be bound")
