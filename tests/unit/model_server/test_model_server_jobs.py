"""Archives are whole or absent, pruned by their schedule; a replica gives and takes its state."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from model_server import archives, ask, jobs
from model_server.app import make_app
from model_server.classifier import Classifier

Client = TestClient[Any, Any]


def serve(use: Callable[[Client], Awaitable[Any]], **settings: Any) -> Any:
    """Run `use(client)` against a server with these settings."""

    async def main() -> Any:
        async with TestClient(TestServer(await make_app(**settings))) as client:
            return await use(client)

    return asyncio.run(main())


async def learned(client: Client, text: str, label: str) -> None:
    await client.post("/learn", json={"text": text, "label": label})


def environment(client: Client, archive: str, keep: int = 2) -> dict[str, str]:
    return {
        "ARCHIVE": archive,
        "REPLICAS": "1",
        "REPLICA_URL": str(client.make_url("")).rstrip("/"),
        "KEEP": str(keep),
    }


def test_what_was_saved_is_predicted_again_by_another_server(tmp_path: Path) -> None:
    lines: list[str] = []

    async def save(client: Client) -> int:
        await learned(client, "a lovely day", "good")
        return await jobs.backup(environment(client, "demo-backup-1"), tmp_path, lines.append)

    async def bring_back(client: Client) -> Any:
        code = await jobs.restore(environment(client, "demo-backup-1"), tmp_path, lines.append)
        return code, await (await client.post("/predict", json={"text": "day"})).json()

    assert serve(save) == 0
    state = tmp_path / "state"
    state.mkdir()
    code, answer = serve(bring_back, folder=state)
    assert (code, answer["label"]) == (0, "good")
    assert json.loads((state / "model.json").read_text()).keys() == {"good"}
    assert lines == ["Saved 1 replicas as demo-backup-1.", "Restored replica 0."]


def test_an_archive_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    lines: list[str] = []
    archives.write(tmp_path, "demo-backup-1", {0: b"{}"})

    async def bring_back(client: Client) -> int:
        return await jobs.restore(environment(client, "other"), tmp_path, lines.append)

    assert serve(bring_back) == 1
    assert lines == ["Not all was restored. There is no archive 'other'; there are: demo-backup-1."]


@pytest.mark.parametrize("body", ["[]", "{", '{"a": {}}'])
def test_what_is_no_backup_is_refused_and_changes_nothing(body: str) -> None:
    async def use(client: Client) -> Any:
        await learned(client, "day", "good")
        status = (await client.put("/backup", data=body)).status
        return status, (await (await client.get("/readyz")).json())["examples"]

    assert serve(use) == (400, 1)


def test_a_second_try_of_a_backup_changes_nothing(tmp_path: Path) -> None:
    archives.write(tmp_path, "a-1", {0: b"first"})
    archives.write(tmp_path, "a-1", {0: b"second"})
    assert archives.read(tmp_path, "a-1") == {0: b"first"}


def test_an_archive_that_was_cut_off_is_none(tmp_path: Path) -> None:
    (tmp_path / ".new-a-1").mkdir()
    (tmp_path / ".new-a-1" / "0.json").write_bytes(b"half")
    assert archives.names(tmp_path) == []
    archives.write(tmp_path, "a-1", {1: b"whole"})
    assert archives.read(tmp_path, "a-1") == {1: b"whole"}


def test_the_oldest_archives_of_a_schedule_are_pruned(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    for name in ("a-9", "a-10", "a-11", "by-hand", "b-1"):
        archives.write(tmp_path, name, {0: b""})
    (tmp_path / ".new-a-8").mkdir()
    assert archives.prune(tmp_path, "a-11", keep=2) == ["a-9"]
    assert archives.names(tmp_path) == ["a-10", "a-11", "b-1", "by-hand"]
    assert not (tmp_path / ".new-a-8").exists()


def test_an_archive_made_by_hand_prunes_nothing(tmp_path: Path) -> None:
    for name in ("a-1", "a-2", "by-hand"):
        archives.write(tmp_path, name, {0: b""})
    assert archives.prune(tmp_path, "by-hand", keep=1) == []


@pytest.mark.parametrize(
    ("label", "code"),
    [
        pytest.param("good", 0, id="as-expected"),
        pytest.param("bad", 1, id="another-label"),
        pytest.param("nothing", 1, id="something-was-learned"),
    ],
)
def test_a_question_ends_with_whether_the_answer_is_expected(label: str, code: int) -> None:
    async def use(client: Client) -> int:
        url = str(client.make_url("")).rstrip("/")
        await ask.ask([url, "learn", "day", "good"], lambda line: None)
        return await ask.ask([url, "predict", "day", label], lambda line: None)

    assert serve(use) == code


def test_a_model_becomes_another_one() -> None:
    one, other = Classifier(), Classifier()
    one.learn("day", "good")
    other.learn("night", "bad")
    one.become(other)
    assert one.dump() == other.dump()
