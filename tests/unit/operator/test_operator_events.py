"""Events are said once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from aiservice_operator.api import Api, ApiError
from aiservice_operator.events import Recorder, event, of_status
from aiservice_operator.kinds import Object

Make = Callable[..., Object]


def degraded(message: str) -> Object:
    condition = {"type": "Degraded", "status": "True", "reason": "InvalidSpec", "message": message}
    return {"status": {"conditions": [condition]}}


def test_the_same_said_twice_has_the_same_name(service: Make) -> None:
    one = event(service(), "Normal", "Created", "Created Service demo.", "uid-1")
    two = event(service(), "Normal", "Created", "Created Service demo.", "uid-1")
    other = event(service(), "Normal", "Created", "Created Service demo.", "uid-2")
    assert one["metadata"]["name"] == two["metadata"]["name"] != other["metadata"]["name"]


def test_the_same_mistake_made_later_is_told_again(service: Make) -> None:
    names = [of_status(service(), degraded("no"), at)[0]["metadata"]["name"] for at in (1, 1, 2)]
    assert names[0] == names[1] != names[2]


def test_a_service_that_is_not_degraded_has_nothing_to_tell(service: Make) -> None:
    fine = {"type": "Degraded", "status": "False", "reason": "AsSpecified", "message": ""}
    assert of_status(service(), {"status": {"conditions": [fine]}}, 1) == []


def test_a_recorder_posts_an_event_once(api: Any, service: Make) -> None:
    recorder = Recorder(cast(Api, api))

    async def twice() -> None:
        for _ in range(2):
            await recorder.post(event(service(), "Normal", "Created", "x"))

    asyncio.run(twice())
    assert api.requests == [("create", "Event")]


def test_an_event_that_another_replica_posted_is_posted(api: Any, service: Make) -> None:
    for _ in range(2):
        asyncio.run(Recorder(cast(Api, api)).post(event(service(), "Normal", "Created", "x")))
    assert len(api.objects) == 1


@pytest.mark.parametrize(("status", "is_raised"), [(500, True), (0, True), (403, False)])
def test_an_event_is_tried_again_only_where_that_can_help(
    api: Any, service: Make, status: int, is_raised: bool
) -> None:
    def fail(verb: str, kind: str) -> None:
        raise ApiError(status, "No", "no")

    api.before = fail
    post = Recorder(cast(Api, api)).post(event(service(), "Normal", "Created", "x"))
    if is_raised:
        with pytest.raises(ApiError):
            asyncio.run(post)
    else:
        asyncio.run(post)
