"""Logs of pods are followed into the journal, each line once, whatever breaks off."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from harness.apiserver.requests import Object, Request
from harness.apiserver.status import ApiError
from harness.simulation.world import World, run
from harness.subjects.pod_logs import PodLogs

Answer = list[str | Exception]


class Kubelet:
    """Answers requests for logs, one answer after the other; then there is nothing more."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.running = True
        self._answers = list(answers)

    async def lines(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The lines of the next answer, up to an error."""
        assert request.path == "/api/v1/namespaces/ops/pods/web/log"
        self.asked.append(dict(request.query))
        for item in self._answers.pop(0) if self._answers else ():
            if isinstance(item, Exception):
                raise item
            yield item.encode() + b"\n"
        self.running = bool(self._answers)


def pod(*ids: str, state: str = "running") -> Object:
    """A pod whose containers have these ids."""
    statuses = [{"name": "main", "containerID": i, "state": {state: {}}} for i in ids]
    return {
        "metadata": {"name": "web", "namespace": "ops"},
        "status": {"containerStatuses": statuses},
    }


def written(kubelet: Kubelet, *seen: Object) -> list[str]:
    """What is written when these pods are seen."""
    texts: list[str] = []

    async def main(world: World) -> None:
        logs = PodLogs(kubelet.lines, texts.append, lambda *_: kubelet.running, world.clock)
        for document in seen:
            logs.see(document)
        await logs.ended(60)
        assert world.clock.monotonic() < 60, "it ends by itself"

    run(main)
    return texts


def test_lines_are_written_without_their_timestamps() -> None:
    kubelet = Kubelet(["2026-01-01T00:00:01.5Z one", "2026-01-01T00:00:02Z two  words"])
    assert written(kubelet, pod("a")) == ["one", "two  words"]
    assert kubelet.asked == [{"container": ["main"], "follow": ["true"], "timestamps": ["true"]}]


def test_a_container_is_followed_once_however_often_it_is_seen() -> None:
    kubelet = Kubelet(["2026-01-01T00:00:01Z one"])
    assert written(kubelet, pod("a"), pod("a")) == ["one"]


def test_a_container_that_was_started_again_is_another_one() -> None:
    kubelet = Kubelet(["2026-01-01T00:00:01Z one"], ["2026-01-01T00:00:01Z two"])
    assert sorted(written(kubelet, pod("a"), pod("b"))) == ["one", "two"]


def test_a_container_that_has_not_started_has_no_log_yet() -> None:
    assert written(Kubelet(["2026-01-01T00:00:01Z one"]), pod("a", state="waiting")) == []


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(ConnectionError("reset"), id="connection"),
        pytest.param(ApiError(500, "", "the kubelet is away"), id="error"),
    ],
)
def test_a_log_that_broke_off_goes_on_after_its_last_line(broken: Exception) -> None:
    first: Answer = ["2026-01-01T00:00:01.1Z one", "2026-01-01T00:00:01.12Z two", broken]
    again: Answer = [
        "2026-01-01T00:00:01.1Z one",
        "2026-01-01T00:00:01.12Z two",
        "2026-01-01T00:00:01.2Z three",
    ]
    kubelet = Kubelet(first, again)
    assert written(kubelet, pod("a")) == ["one", "two", "three"]
    assert kubelet.asked[1]["sinceTime"] == ["2026-01-01T00:00:01.12Z"]


def test_a_log_that_does_not_end_is_left() -> None:
    async def endless(request: Request) -> AsyncGenerator[bytes, None]:
        yield b"2026-01-01T00:00:01Z one\n"
        await world_clock[0].sleep(1000)

    world_clock: list[Any] = []
    texts: list[str] = []

    async def main(world: World) -> None:
        world_clock.append(world.clock)
        logs = PodLogs(endless, texts.append, lambda *_: True, world.clock)
        logs.see(pod("a"))
        await logs.ended(2)
        assert world.clock.monotonic() == 2

    run(main)
    assert texts == ["one"]
