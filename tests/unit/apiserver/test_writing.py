"""Create and update: names, versions, no-ops, dry runs, and what the journal holds."""

from __future__ import annotations

import pytest

from tests.support.apiserver import CONFIGMAPS, DEPLOYMENTS, MERGE, PODS, Api, on_server

APP = {"matchLabels": {"app": "a"}}
TEMPLATE = {
    "metadata": {"labels": {"app": "a"}},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}


def test_a_stale_update_is_a_conflict() -> None:
    async def main(api: Api) -> None:
        first = await api.create(CONFIGMAPS, "a")
        await api.ok("PATCH", f"{CONFIGMAPS}/a", {"data": {"x": "1"}}, content_type=MERGE)
        status = await api.refused("PUT", f"{CONFIGMAPS}/a", first)
        assert (status["code"], status["reason"]) == (409, "Conflict")

    on_server(main)


def test_a_write_that_changes_nothing_keeps_the_version_and_is_not_journaled() -> None:
    async def main(api: Api) -> None:
        first = await api.create(CONFIGMAPS, "a", data={"x": "1"})
        before = len([r for r in api.world.recorder.records if r.kind == "object"])
        again = await api.call("PATCH", f"{CONFIGMAPS}/a", {"data": {"x": "1"}}, content_type=MERGE)
        assert again.document["metadata"] == first["metadata"]
        assert not again.changed
        after = len([r for r in api.world.recorder.records if r.kind == "object"])
        assert after == before

    on_server(main)


def test_uids_are_functions_of_seed_name_and_incarnation() -> None:
    async def main(api: Api) -> list[str]:
        uids = []
        for _ in range(2):
            uids.append((await api.create(CONFIGMAPS, "a"))["metadata"]["uid"])
            await api.ok("DELETE", f"{CONFIGMAPS}/a")
        return uids

    async def with_neighbours(api: Api) -> list[str]:
        await api.create(CONFIGMAPS, "other")
        return await main(api)

    first = on_server(main)
    assert first[0] != first[1]
    assert on_server(with_neighbours) == first
    assert on_server(main, seed=2) != first


def test_generated_names_do_not_depend_on_other_objects() -> None:
    async def main(api: Api) -> str:
        made = await api.ok("POST", CONFIGMAPS, {"metadata": {"generateName": "a-"}})
        return str(made["metadata"]["name"])

    async def with_neighbours(api: Api) -> str:
        await api.ok("POST", CONFIGMAPS, {"metadata": {"generateName": "b-"}})
        return await main(api)

    name = on_server(main)
    assert name.startswith("a-")
    assert len(name) == 7
    assert on_server(with_neighbours) == name


def test_a_dry_run_answers_like_the_write_and_leaves_no_trace() -> None:
    async def main(api: Api) -> None:
        rv = api.server.store.rv
        made = await api.ok("POST", CONFIGMAPS, {"metadata": {"name": "a"}}, dryRun="All")
        assert "resourceVersion" not in made["metadata"]
        assert api.server.store.rv == rv
        assert (await api.refused("GET", f"{CONFIGMAPS}/a"))["code"] == 404

    on_server(main)


def test_generation_counts_changes_of_the_spec_only() -> None:
    async def main(api: Api) -> None:
        spec = {"replicas": 1, "selector": APP, "template": TEMPLATE}
        made = await api.create(DEPLOYMENTS, "a", spec=spec)
        assert made["metadata"]["generation"] == 1
        for patch, expected in (
            ({"metadata": {"labels": {"x": "y"}}}, 1),
            ({"spec": {"replicas": 2}}, 2),
            ({"status": {"replicas": 7}}, 2),
        ):
            new = await api.ok("PATCH", f"{DEPLOYMENTS}/a", patch, content_type=MERGE)
            assert new["metadata"]["generation"] == expected

    on_server(main)


def test_the_status_is_written_on_its_own_path_only() -> None:
    async def main(api: Api) -> None:
        spec = {"replicas": 1, "selector": APP, "template": TEMPLATE}
        await api.create(DEPLOYMENTS, "a", spec=spec)
        both = {"spec": {"replicas": 5}, "status": {"replicas": 3}}
        on_status = await api.ok("PATCH", f"{DEPLOYMENTS}/a/status", both, content_type=MERGE)
        assert (on_status["spec"]["replicas"], on_status["status"]["replicas"]) == (1, 3)
        on_main = await api.ok("PATCH", f"{DEPLOYMENTS}/a", both, content_type=MERGE)
        assert (on_main["spec"]["replicas"], on_main["status"]["replicas"]) == (5, 3)

    on_server(main)


@pytest.mark.parametrize(
    ("mode", "status", "warnings"),
    [
        pytest.param("Strict", 400, 0, id="strict refuses"),
        pytest.param("Warn", 201, 2, id="warn tells"),
        pytest.param("", 201, 2, id="warn is the default"),
        pytest.param("Ignore", 201, 0, id="ignore is silent"),
    ],
)
def test_unknown_fields_are_judged_by_field_validation(
    mode: str, status: int, warnings: int
) -> None:
    async def main(api: Api) -> None:
        body = {"metadata": {"name": "a", "nope": 1}, "dat": {}}
        response = await api.call("POST", CONFIGMAPS, body, fieldValidation=mode)
        assert (response.status, len(response.warnings)) == (status, warnings)

    on_server(main)


def test_a_field_named_twice_is_told_by_its_path() -> None:
    async def main(api: Api) -> None:
        body = b'{"metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'
        response = await api.call("POST", CONFIGMAPS, body)
        assert response.warnings == ['299 - "duplicate field \\"data.x\\""']
        assert response.document["data"] == {"x": "2"}

    on_server(main)


def test_what_a_client_sent_is_not_shared_with_the_store() -> None:
    async def main(api: Api) -> None:
        from harness.apiserver.requests import Request

        body = {"metadata": {"name": "a"}, "data": {"x": "1"}}
        await api.server.handle(
            Request("POST", CONFIGMAPS, document=body, actor="harness", bypass=True)
        )
        body["data"]["x"] = "changed"
        assert (await api.ok("GET", f"{CONFIGMAPS}/a"))["data"] == {"x": "1"}

    on_server(main)


def test_secret_values_are_hashed_in_the_journal() -> None:
    async def main(api: Api) -> None:
        path = "/api/v1/namespaces/default/secrets"
        made = await api.create(path, "s", stringData={"password": "hunter2"})
        assert made["data"]["password"]
        (record,) = [
            r for r in api.world.recorder.records if r.kind == "object" and r.data["name"] == "s"
        ]
        assert "hunter2" not in str(record.data)
        assert made["data"]["password"] not in str(record.data)
        assert record.data["object"]["data"]["password"].startswith("hash:")

    on_server(main)


def test_a_write_is_journaled_as_request_object_and_response() -> None:
    async def main(api: Api) -> None:
        made = await api.create(CONFIGMAPS, "a")
        request, committed, response = api.world.recorder.records[-3:]
        assert [r.kind for r in (request, committed, response)] == ["request", "object", "response"]
        assert request.data["user"] == "admin"
        assert committed.causes == response.causes == (request.seq,)
        assert str(committed.rv) == str(response.rv) == made["metadata"]["resourceVersion"]

    on_server(main)


def test_a_create_in_a_namespace_that_is_not_there_is_not_found() -> None:
    async def main(api: Api) -> None:
        path = PODS.replace("default", "nowhere")
        status = await api.refused("POST", path, {"metadata": {"name": "a"}})
        assert status["message"] == 'namespaces "nowhere" not found'

    on_server(main)


def test_a_patch_to_a_scale_sets_the_replicas() -> None:
    async def main(api: Api) -> None:
        spec = {"replicas": 1, "selector": APP, "template": TEMPLATE}
        await api.create(DEPLOYMENTS, "a", spec=spec)
        scale = await api.ok(
            "PATCH", f"{DEPLOYMENTS}/a/scale", {"spec": {"replicas": 4}}, content_type=MERGE
        )
        assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == (
            "Scale",
            {"replicas": 4},
            "app=a",
        )
        assert (await api.ok("GET", f"{DEPLOYMENTS}/a"))["spec"]["replicas"] == 4

    on_server(main)
