"""Who wrote which version, by requests, answers and what the watch shows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.apiserver import paths
from harness.apiserver.requests import Object, Request, Response
from harness.clusters.authorship import UNKNOWN, Author, Authorship, Collection

SUBJECT = Author("subject:operator", "c1", "operator", 7)
PODS = Collection("", "pods", "default")


def version(rv: int, *managers: tuple[str, str], **meta: Any) -> Object:
    fields = [{"manager": name, "time": time} for name, time in managers]
    named = {"name": "a", "uid": "u1", "resourceVersion": str(rv), "managedFields": fields}
    return {"metadata": {**named, **meta}}


def request(method: str = "PUT", agent: str = "", **query: str) -> Request:
    path = "/api/v1/namespaces/default/pods/a"
    found = Request(method, path, {name: [value] for name, value in query.items()})
    found.headers = {"user-agent": agent}
    found.info = paths.parse(method, path, found.query)
    return found


async def witnessed(
    authorship: Authorship, asked: Request, document: Object, status: int = 200
) -> Response:
    async def send(_: Request) -> Response:
        return Response(status, document)

    return await authorship.witness(asked, SUBJECT, send)


def test_the_version_that_an_answer_names_is_its_authors() -> None:
    async def main() -> None:
        authorship = Authorship()
        response = await witnessed(authorship, request(), version(5))
        assert (response.changed, response.rv) == (True, 5)
        assert authorship.author_of("MODIFIED", version(4)) is None
        assert authorship.author_of("MODIFIED", version(5)) == SUBJECT

    asyncio.run(main())


def test_a_version_that_was_shown_before_is_no_change() -> None:
    async def main() -> None:
        authorship = Authorship()
        authorship.show("MODIFIED", version(5))
        response = await witnessed(authorship, request(), version(5))
        assert (response.changed, response.rv) == (False, None)

    asyncio.run(main())


def test_dry_runs_and_refusals_change_nothing() -> None:
    async def main() -> None:
        authorship = Authorship()
        dry = await witnessed(authorship, request(dryRun="All"), version(5))
        refused = await witnessed(authorship, request(), version(5), 409)
        assert not dry.changed
        assert not refused.changed
        assert authorship.author_of("MODIFIED", version(5)) is None

    asyncio.run(main())


def test_the_mirror_waits_for_writes_under_way_and_the_answer_for_the_mirror() -> None:
    async def main() -> None:
        authorship = Authorship()
        authorship.followed.add(Collection("", "pods", ""))
        order: list[str] = []
        committed = asyncio.Event()

        async def send(_: Request) -> Response:
            committed.set()
            await asyncio.sleep(0)  # the watch is faster than the answer
            order.append("answered")
            return Response(200, version(5))

        async def mirror() -> None:
            await committed.wait()
            await authorship.answered(PODS)
            assert authorship.author_of("MODIFIED", version(5)) == SUBJECT
            order.append("shown")
            authorship.show("MODIFIED", version(5))

        async def write() -> None:
            await authorship.witness(request(), SUBJECT, send)
            order.append("told")

        await asyncio.gather(mirror(), write())
        assert order == ["answered", "shown", "told"]

    asyncio.run(main())


def test_who_asked_for_a_deletion_is_its_author() -> None:
    async def main() -> None:
        authorship = Authorship()
        status = {"kind": "Status", "details": {"uid": "u1"}}
        response = await witnessed(authorship, request("DELETE"), status)
        assert response.changed
        assert authorship.author_of("DELETED", version(6)) == SUBJECT
        assert authorship.author_of("DELETED", version(6)) is None

    asyncio.run(main())


def test_a_graceful_deletion_is_its_authors_when_it_begins() -> None:
    async def main() -> None:
        authorship = Authorship()
        ending = version(5, deletionTimestamp="2026-01-01T00:00:00Z")
        await witnessed(authorship, request("DELETE"), ending)
        assert authorship.author_of("MODIFIED", ending) == SUBJECT
        assert authorship.author_of("DELETED", version(6)) is None

    asyncio.run(main())


def test_an_eviction_of_one_incarnation_is_a_deletion_by_who_asked_for_it() -> None:
    async def main() -> None:
        authorship = Authorship()
        path = "/api/v1/namespaces/default/pods/a/eviction"
        asked = Request("POST", path, document={"deleteOptions": {"preconditions": {"uid": "u1"}}})
        asked.info = paths.parse("POST", path, {})
        response = await witnessed(authorship, asked, {"kind": "Status"}, 201)
        assert response.changed
        assert authorship.author_of("MODIFIED", version(6)) is None
        going = version(7, deletionTimestamp="2026-01-01T00:00:00Z")
        assert authorship.author_of("MODIFIED", going) == SUBJECT

    asyncio.run(main())


def test_the_last_finalizer_removed_is_a_deletion_by_who_removed_it() -> None:
    async def main() -> None:
        authorship = Authorship()
        await witnessed(authorship, request("PATCH"), version(5))
        assert authorship.author_of("DELETED", version(6)) == SUBJECT

    asyncio.run(main())


def test_strangers_are_inferred_from_managed_fields() -> None:
    async def main() -> None:
        authorship = Authorship()
        await witnessed(authorship, request(fieldManager="operator"), version(4))
        await witnessed(authorship, request(agent="kopf/1.45"), version(4))
        shown = version(
            5,
            ("controller", "2026-01-01T00:00:00Z"),
            ("operator", "2026-01-01T00:00:09Z"),
            ("kopf", "2026-01-01T00:00:09Z"),
        )
        assert authorship.infer_author("MODIFIED", shown).actor == "controller:controller"
        assert authorship.infer_author("DELETED", shown).actor == f"controller:{UNKNOWN}"

    asyncio.run(main())


MANAGERS = [
    pytest.param("my-operator", "subject:operator", id="operator"),
    pytest.param("kube-controller-manager", "controller:kube-controller-manager", id="kubernetes"),
]


@pytest.mark.parametrize(("manager", "actor"), MANAGERS)
def test_an_operator_whose_requests_are_not_seen_is_known_by_its_field_manager(
    manager: str, actor: str
) -> None:
    document = version(5)
    document["metadata"]["managedFields"] = [{"manager": manager, "time": "2026-11-24T00:00:00Z"}]
    unseen, seen = Authorship("subject:operator"), Authorship()
    assert unseen.infer_author("MODIFIED", document).actor == actor
    assert seen.infer_author("MODIFIED", document).actor == f"controller:{manager}"
    # Who deletes leaves no trace.
    assert unseen.infer_author("DELETED", document).actor == f"controller:{UNKNOWN}"
