"""The model server learns, predicts, keeps what it learned, and explains what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from model_server import storage
from model_server.app import make_app
from model_server.classifier import Classifier

Client = TestClient[Any, Any]


def serve(use: Callable[[Client], Awaitable[Any]], **settings: Any) -> Any:
    """Run `use(client)` against a server with these settings."""

    async def main() -> Any:
        async with TestClient(TestServer(await make_app(**settings))) as client:
            return await use(client)

    return asyncio.run(main())


async def post(client: Client, path: str, **body: Any) -> tuple[int, Any]:
    response = await client.post(path, json=body)
    return response.status, await response.json()


async def teach(client: Client) -> None:
    await post(client, "/learn", text="what a wonderful day", label="happy")
    await post(client, "/learn", text="what a terrible night", label="sad")


def test_it_predicts_what_it_was_taught() -> None:
    async def use(client: Client) -> Any:
        await teach(client)
        return await post(client, "/predict", text="a wonderful night? no, a WONDERFUL day!")

    status, answer = serve(use)
    assert (status, answer["label"]) == (200, "happy")
    assert sum(answer["probabilities"].values()) == pytest.approx(1)


def test_it_says_which_model_answers() -> None:
    async def use(client: Client) -> Any:
        await teach(client)
        return await post(client, "/predict", text="day")

    _, answer = serve(use, name="sentiment", version="2")
    assert answer["model"] == {"name": "sentiment", "version": "2"}


def test_a_prediction_before_any_example_is_refused() -> None:
    async def use(client: Client) -> Any:
        return await post(client, "/predict", text="day")

    assert serve(use) == (409, {"error": "Nothing was learned yet: POST an example to /learn."})


def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    async def predict(client: Client) -> Any:
        return await post(client, "/predict", text="terrible")

    serve(teach, folder=tmp_path)
    assert serve(predict, folder=tmp_path)[1]["label"] == "sad"


def test_without_a_folder_nothing_is_kept() -> None:
    async def examples(client: Client) -> Any:
        return (await (await client.get("/readyz")).json())["examples"]

    serve(teach)
    assert serve(examples) == 0


def test_a_corrupt_state_is_not_served_as_an_empty_model(tmp_path: Path) -> None:
    (tmp_path / storage.FILE).write_text("[]")
    with pytest.raises(storage.CorruptState, match="restore it from a backup"):
        asyncio.run(make_app(folder=tmp_path))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({}, "'text' must be a text of 1 to 100000 characters, not 'None'", id="empty"),
        pytest.param({"text": 5, "label": "x"}, "not '5'", id="not-a-text"),
        pytest.param({"text": "x", "label": ""}, "'label' must be", id="empty-label"),
    ],
)
def test_a_wrong_body_is_explained(body: dict[str, Any], message: str) -> None:
    async def use(client: Client) -> Any:
        return await post(client, "/learn", **body)

    status, answer = serve(use)
    assert status == 400
    assert message in answer["error"]


def test_a_body_that_is_not_json_is_explained() -> None:
    async def use(client: Client) -> Any:
        response = await client.post("/learn", data=b"{")
        return response.status, (await response.json())["error"]

    status, error = serve(use)
    assert status == 400
    assert error.startswith("The body is not JSON")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered(path: str) -> None:
    async def use(client: Client) -> Any:
        return (await client.get(path)).status

    assert serve(use) == 200


def test_the_same_lessons_give_the_same_state() -> None:
    states = []
    for _ in range(2):
        model = Classifier()
        model.learn("b a", "y")
        model.learn("c", "x")
        states.append(model.dump())
    assert states[0] == states[1] == Classifier.load(states[0]).dump()


def test_a_tie_goes_to_the_first_label_in_the_alphabet() -> None:
    model = Classifier()
    model.learn("same", "b")
    model.learn("same", "a")
    assert list(model.predict("same")) == ["a", "b"]
