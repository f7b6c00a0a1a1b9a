"""Who asks and who may: tokens, ServiceAccounts, impersonation, RBAC, faults on the way."""

from __future__ import annotations

import asyncio

import pytest

from harness.apiserver.middleware import ConnectionCut, Handler
from harness.apiserver.requests import Request, Response
from tests.support.apiserver import BOB, CONFIGMAPS, Api, on_server

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
READ = [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps"]}]


async def grant(api: Api, user: str, kind: str = "User", role: str = "reader") -> None:
    group = "rbac.authorization.k8s.io"
    subject = {"kind": kind, "name": user}
    subject |= {"namespace": "default"} if kind == "ServiceAccount" else {"apiGroup": group}
    await api.create(
        f"{RBAC}/namespaces/default/rolebindings",
        "b",
        subjects=[subject],
        roleRef={"apiGroup": group, "kind": "Role", "name": role},
    )


def test_an_unknown_token_is_unauthorized() -> None:
    async def main(api: Api) -> None:
        assert (await api.refused("GET", CONFIGMAPS, token="nope"))["code"] == 401

    on_server(main)


def test_nobody_may_do_anything_without_a_right() -> None:
    async def main(api: Api) -> None:
        status = await api.refused("GET", f"{CONFIGMAPS}/a", token=BOB)
        assert status["code"] == 403
        assert status["message"] == (
            'configmaps "a" is forbidden: User "bob" cannot get resource "configmaps" in API '
            'group "" in the namespace "default"'
        )

    on_server(main)


def test_a_role_gives_its_rights_in_its_namespace_from_the_binding_on() -> None:
    async def main(api: Api) -> None:
        await grant(api, "bob")
        await api.refused("GET", CONFIGMAPS, token=BOB)
        await api.create(f"{RBAC}/namespaces/default/roles", "reader", rules=READ)
        await api.ok("GET", CONFIGMAPS, token=BOB)
        await api.refused("DELETE", f"{CONFIGMAPS}/a", token=BOB)
        await api.refused("GET", CONFIGMAPS.replace("default", "kube-system"), token=BOB)
        await api.ok("DELETE", f"{RBAC}/namespaces/default/rolebindings/b")
        await api.refused("GET", CONFIGMAPS, token=BOB)

    on_server(main)


def test_an_aggregated_role_has_the_rules_of_those_it_selects() -> None:
    async def main(api: Api) -> None:
        selector = {"clusterRoleSelectors": [{"matchLabels": {"for": "all"}}]}
        await api.create(f"{RBAC}/clusterroles", "all", aggregationRule=selector)
        group = "rbac.authorization.k8s.io"
        await api.create(
            f"{RBAC}/clusterrolebindings",
            "b",
            subjects=[{"kind": "User", "name": "bob", "apiGroup": group}],
            roleRef={"apiGroup": group, "kind": "ClusterRole", "name": "all"},
        )
        await api.refused("GET", CONFIGMAPS, token=BOB)
        labels = {"labels": {"for": "all"}}
        await api.create(f"{RBAC}/clusterroles", "part", metadata=labels, rules=READ)
        await api.ok("GET", CONFIGMAPS, token=BOB)

    on_server(main)


def test_nobody_gives_rights_that_he_does_not_have() -> None:
    async def main(api: Api) -> None:
        makers = {"verbs": ["create"], "apiGroups": ["rbac.authorization.k8s.io"]}
        rules = [*READ, {**makers, "resources": ["roles", "rolebindings"]}]
        await api.create(f"{RBAC}/namespaces/default/roles", "reader", rules=rules)
        await grant(api, "bob")
        roles = f"{RBAC}/namespaces/default/roles"
        mine = {"metadata": {"name": "mine"}, "rules": READ}
        await api.ok("POST", roles, mine, token=BOB)
        more = [{"verbs": ["get", "watch"], "apiGroups": [""], "resources": ["configmaps"]}]
        status = await api.refused(
            "POST", roles, {"metadata": {"name": "more"}, "rules": more}, token=BOB
        )
        assert status["message"] == (
            'roles.rbac.authorization.k8s.io "more" is forbidden: user "bob" '
            '(groups=["system:authenticated"]) is attempting to grant RBAC permissions not '
            'currently held:\n{APIGroups:[""], Resources:["configmaps"], Verbs:["watch"]}'
        )

    on_server(main)


def test_nobody_binds_a_role_with_rights_that_he_does_not_have() -> None:
    async def main(api: Api) -> None:
        makers = {"verbs": ["create"], "apiGroups": ["rbac.authorization.k8s.io"]}
        rules = [{**makers, "resources": ["rolebindings"]}]
        await api.create(f"{RBAC}/namespaces/default/roles", "reader", rules=rules)
        await grant(api, "bob")
        group = "rbac.authorization.k8s.io"
        body = {
            "metadata": {"name": "x"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin"},
        }
        bindings = f"{RBAC}/namespaces/default/rolebindings"
        status = await api.refused("POST", bindings, body, token=BOB)
        assert status["code"] == 403
        assert '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}' in status["message"]
        body["roleRef"]["name"] = "nope"
        status = await api.refused("POST", bindings, body, token=BOB)
        assert status["message"] == 'rolebindings.rbac.authorization.k8s.io "nope" not found'

    on_server(main)


def test_a_service_account_acts_with_the_token_it_asked_for_while_it_exists() -> None:
    async def main(api: Api) -> None:
        await api.create(ACCOUNTS, "robot")
        await api.create(f"{RBAC}/namespaces/default/roles", "reader", rules=READ)
        await grant(api, "robot", "ServiceAccount")
        answer = await api.ok("POST", f"{ACCOUNTS}/robot/token", {"spec": {}})
        token = answer["status"]["token"]
        await api.ok("GET", CONFIGMAPS, token=token)
        status = await api.refused("GET", f"{CONFIGMAPS}x", token=token)
        assert "system:serviceaccount:default:robot" in status["message"]
        await api.ok("DELETE", f"{ACCOUNTS}/robot")
        await api.create(ACCOUNTS, "robot")
        assert (await api.refused("GET", CONFIGMAPS, token=token))["code"] == 401

    on_server(main)


def test_a_token_expires() -> None:
    async def main(api: Api) -> None:
        await api.create(ACCOUNTS, "robot")
        token = api.server.authenticator.issue("default", "robot", seconds=600)
        await asyncio.sleep(599)
        assert (await api.refused("GET", CONFIGMAPS, token=token))["code"] == 403
        await asyncio.sleep(1)
        assert (await api.refused("GET", CONFIGMAPS, token=token))["code"] == 401

    on_server(main)


def test_one_who_may_impersonate_acts_as_somebody_else() -> None:
    async def main(api: Api) -> None:
        as_bob = {"impersonate-user": "bob"}
        status = await api.refused("GET", CONFIGMAPS, headers=as_bob)
        assert 'User "bob"' in status["message"]
        status = await api.refused("GET", CONFIGMAPS, token=BOB, headers={"impersonate-user": "x"})
        assert 'cannot impersonate resource "users"' in status["message"]

    on_server(main)


def test_a_review_says_what_the_asker_may() -> None:
    async def main(api: Api) -> None:
        question = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
        assert (await api.ok("POST", REVIEWS, question))["status"]["allowed"]
        assert not (await api.ok("POST", REVIEWS, question, token=BOB))["status"]["allowed"]

    on_server(main)


def test_the_harness_needs_no_rights_and_meets_no_faults() -> None:
    async def refuse(request: Request, call_next: Handler) -> Response:
        raise ConnectionCut

    async def main(api: Api) -> None:
        api.server.faults.received.append(refuse)
        answer = await api.server.handle(Request("GET", CONFIGMAPS, actor="harness", bypass=True))
        assert answer.status == 200
        with pytest.raises(ConnectionCut):
            await api.call("GET", CONFIGMAPS)

    on_server(main)


def test_faults_stand_in_the_order_of_the_requests_way() -> None:
    async def main(api: Api) -> None:
        way: list[str] = []

        def noting(point: str) -> None:
            async def fault(request: Request, call_next: Handler) -> Response:
                way.append(f"{point} as {request.user.name if request.user else 'nobody yet'}")
                response = await call_next(request)
                way.append(f"{point}: {response.status} {response.changed}")
                return response

            getattr(api.server.faults, point).append(fault)

        for point in ("received", "authorized", "committed", "responding"):
            noting(point)
        await api.create(CONFIGMAPS, "a")
        assert way == [
            "responding as nobody yet",
            "received as nobody yet",
            "authorized as admin",
            "committed as admin",
            "committed: 201 True",
            "authorized: 201 True",
            "received: 201 True",
            "responding: 201 True",
        ]

    on_server(main)
