"""What a simulated process sees as its own: environment, files, logs, output, modules, tasks."""

from __future__ import annotations

import asyncio
import atexit
import functools
import importlib
import io
import json
import logging
import os
import pathlib
import signal
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from harness.simulation.process import Process
from harness.simulation.process_globals import Attribute, ProcessGlobals
from harness.simulation.world import World, run

SHARED: Any = types.ModuleType("tests_shared")
SHARED.value = "of the harness"


def in_a_process(body: Callable[[], Any], **options: Any) -> Any:
    """The result of `body()`, run in a simulated process."""

    async def main(world: World) -> Any:
        results: list[Any] = []

        async def program() -> None:
            results.append(body())

        process = world.spawn("program", program, **options)
        assert await process.wait() == 0, process.error
        return results[0]

    return run(main)


def test_the_environment_is_the_processes_own() -> None:
    def body() -> tuple[str | None, str | None]:
        os.environ["ADDED"] = "inside"
        return os.environ.get("GIVEN"), os.environ.get("PATH")

    assert in_a_process(body, environment={"GIVEN": "yes"}) == ("yes", None)
    assert "ADDED" not in os.environ
    assert "PATH" in os.environ


def test_a_mount_leads_to_a_real_folder(tmp_path: pathlib.Path) -> None:
    (tmp_path / "token").write_text("secret")

    def mount(process: Process) -> None:
        process.mounts["/var/run/secrets"] = str(tmp_path)

    def body() -> list[object]:
        path = "/var/run/secrets/token"
        with open(path) as file:
            by_open = file.read()
        pathlib.Path("/var/run/secrets/new").write_text("new")
        return [
            by_open,
            pathlib.Path(path).read_text(),
            os.path.exists(path),
            os.path.isfile("/var/run/secrets/other"),
            sorted(os.listdir("/var/run/secrets")),
        ]

    expected = ["secret", "secret", True, False, ["new", "token"]]
    assert in_a_process(body, prepare=mount) == expected
    assert (tmp_path / "new").read_text() == "new"


def test_a_file_in_memory_can_be_read_and_not_be_written() -> None:
    path = "/var/run/secrets/kubernetes.io/token"

    def give(process: Process) -> None:
        process.files = {path: b"secret"}

    def body() -> list[object]:
        with pytest.raises(OSError, match="Read-only"), open(path, "w"):
            pass
        folder = pathlib.Path(path).parent
        return [
            open(path, "rb").read(),
            pathlib.Path(path).read_text(),
            os.path.isfile(path),
            os.path.isdir(folder),
            os.path.exists(folder / "other"),
            os.listdir(folder),
        ]

    assert in_a_process(body, prepare=give) == [
        b"secret",
        "secret",
        True,
        True,
        False,
        ["token"],
    ]
    assert not os.path.exists(path)


def test_logging_is_the_processes_own_and_leaves_no_trace() -> None:
    logger = logging.getLogger("tests.process_view")
    before = (logger.level, list(logger.handlers), logging.root.level, list(logging.root.handlers))
    seen = io.StringIO()

    def prepare(process: Process) -> None:
        process.log_handlers = [logging.StreamHandler(seen)]
        process.log_level = logging.INFO

    def body() -> tuple[bool, int]:
        logger.info("a")
        logger.setLevel(logging.ERROR)
        logger.info("b")
        logger.error("c")
        logger.addHandler(logging.NullHandler())
        return logger.isEnabledFor(logging.INFO), len(logger.handlers)

    assert in_a_process(body, prepare=prepare) == (False, 1)
    assert seen.getvalue() == "a\nc\n"
    after = (logger.level, list(logger.handlers), logging.root.level, list(logging.root.handlers))
    assert after == before


def test_what_a_process_prints_is_handed_on_line_by_line() -> None:
    lines: list[tuple[str, str]] = []

    def prepare(process: Process) -> None:
        process.on_output = lambda stream, line: lines.append((stream, line))

    def body() -> None:
        print("one\ntwo")  # noqa: T201 -- what is tested
        print("to standard error", file=sys.stderr)  # noqa: T201 -- what is tested
        warnings.warn("careful", UserWarning, stacklevel=1)
        warnings.warn("hidden", DeprecationWarning, stacklevel=1)

    in_a_process(body, prepare=prepare)
    assert lines == [
        ("stdout", "one"),
        ("stdout", "two"),
        ("stderr", "to standard error"),
        ("stderr", "UserWarning: careful"),
    ]


def test_each_process_imports_its_own_copy_of_the_modules_it_names() -> None:
    """Shown with a small module of the standard library, whose state can be counted up."""
    outside = importlib.import_module("colorsys")

    async def main(world: World) -> list[int]:
        seen: list[int] = []

        async def program() -> None:
            module: Any = importlib.import_module("colorsys")
            for _ in range(3):
                module.calls = getattr(module, "calls", 0) + 1
                await asyncio.sleep(1)
                assert importlib.import_module("colorsys") is module
            seen.append(module.calls)

        processes = [
            world.spawn(name, program, own_globals=ProcessGlobals(["colorsys"]))
            for name in ("first", "second")
        ]
        for process in processes:
            assert await process.wait() == 0, process.error
        return seen

    assert run(main) == [3, 3]
    assert sys.modules["colorsys"] is outside
    assert not hasattr(outside, "calls")


def test_each_process_has_its_own_value_of_a_shared_attribute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tests_shared", SHARED)

    async def main(world: World) -> list[str]:
        seen: list[str] = []

        async def program(name: str) -> None:
            seen.append(SHARED.value)
            SHARED.value = name
            await asyncio.sleep(1)
            seen.append(SHARED.value)

        processes = [
            world.spawn(
                name,
                functools.partial(program, name),
                own_globals=ProcessGlobals([], [Attribute("tests_shared", "value", "initial")]),
            )
            for name in ("first", "second")
        ]
        for process in processes:
            assert await process.wait() == 0, process.error
        return seen

    assert sorted(run(main)) == ["first", "initial", "initial", "second"]
    assert SHARED.value == "of the harness"


def test_a_process_sees_its_own_tasks_only() -> None:
    async def main(world: World) -> int:
        others = [asyncio.create_task(asyncio.sleep(1)) for _ in range(5)]
        counted: list[int] = []

        async def program() -> None:
            task = asyncio.create_task(asyncio.sleep(1))
            counted.append(len(asyncio.all_tasks()))
            await task

        await world.spawn("program", program).wait()
        await asyncio.gather(*others)
        return counted[0]

    assert run(main) == 2


def test_exit_functions_run_when_the_process_exits_and_not_when_it_is_killed() -> None:
    events: list[str] = []

    async def main(world: World) -> None:
        async def program() -> None:
            atexit.register(events.append, json.dumps("bye"))
            await asyncio.sleep(5)

        await world.spawn("exits", program).wait()
        killed = world.spawn("killed", program)
        await asyncio.sleep(1)
        killed.kill()

    run(main)
    assert events == ['"bye"']


def test_a_process_may_send_itself_a_signal() -> None:
    async def main(world: World) -> int:
        async def program() -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(1)

        return await world.spawn("program", program).wait()

    assert run(main) == -signal.SIGTERM


def test_a_signal_handler_set_by_the_signal_module_is_the_processes_own() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def main(world: World) -> list[int]:
        seen: list[int] = []

        async def program() -> None:
            signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
            await asyncio.sleep(5)

        process = world.spawn("program", program)
        await asyncio.sleep(1)
        process.signal(signal.SIGTERM)
        await process.wait()
        return seen

    assert run(main) == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_error_that_no_task_handles_is_logged_by_the_process_it_happened_in() -> None:
    seen = io.StringIO()

    def prepare(process: Process) -> None:
        process.log_handlers = [logging.StreamHandler(seen)]

    async def main(world: World) -> None:
        async def program() -> None:
            asyncio.get_running_loop().call_soon(lambda: 1 / 0)
            await asyncio.sleep(1)

        await world.spawn("program", program, prepare=prepare).wait()

    run(main)
    assert "ZeroDivisionError" in seen.getvalue()
