"""A kopf operator in the simulation: what it finds, what it logs, how it ends."""

from __future__ import annotations

import logging
import sys

import aiohttp
import pytest

from harness.errors import UsageError
from harness.subjects.kopf_program import arguments, fresh_package
from harness.subjects.spec import SubjectSpec
from tests.unit.subjects.subject_world import SubjectWorld, simulate


@pytest.mark.parametrize("access", ["in-cluster", "kubeconfig"])
def test_the_api_is_found_as_in_a_pod_and_as_at_a_desk(access: str) -> None:
    async def body(here: SubjectWorld) -> dict[str, str]:
        await here.subject("plain", access=access).start()
        await here.create("item", mark="yes")
        await here.until(10)
        return await here.data("item")

    assert simulate(body) == {"marked": "1"}


def test_a_synchronous_operator_with_the_blocking_client_works() -> None:
    async def body(here: SubjectWorld) -> tuple[dict[str, str], list[int]]:
        await here.subject("synchronous").start()
        for name in ("a", "b"):
            await here.create(name, slow="yes")
        await here.until(100)
        answers = [
            record.time_ns // 10**9
            for record in here.records("request")
            if record.data["verb"] == "create"
        ]
        return await here.data("a-answer"), answers

    data, answers = simulate(body)
    assert data == {"count": "2"}
    assert len(answers) == 2
    assert set(answers) <= {60, 61, 62}


def test_the_liveness_endpoint_answers_on_the_subjects_host() -> None:
    async def body(here: SubjectWorld) -> object:
        await here.subject("plain", liveness="http://0.0.0.0:8080/healthz").start()
        await here.create("item", mark="yes")
        await here.until(10)
        async with (
            aiohttp.ClientSession() as session,
            session.get("http://operator:8080/healthz") as answer,
        ):
            return await answer.json()

    assert simulate(body) == {"handled": 1}


def test_the_log_is_in_the_journal_with_level_logger_and_object() -> None:
    async def body(here: SubjectWorld) -> list[tuple[str, str, str]]:
        await here.subject("plain").start()
        await here.create("item", mark="yes")
        await here.until(10)
        records = [record.data for record in here.records("log")]
        return [(data["level"], data["logger"], data["message"]) for data in records]

    assert ("INFO", "kopf.objects", "[default/item] marking") in simulate(body)


def test_the_level_of_the_log_can_be_chosen() -> None:
    async def body(here: SubjectWorld) -> set[str]:
        await here.subject("plain", log_level="WARNING").start()
        await here.until(5)
        return {record.data["level"] for record in here.records("log")}

    assert simulate(body) == set()


def test_nothing_of_a_subject_is_left_after_the_run() -> None:
    before = (
        list(logging.root.handlers),
        logging.root.level,
        [name for name in sys.modules if name.startswith("tests.subjects")],
    )

    async def body(here: SubjectWorld) -> None:
        await here.subject("plain").start()
        await here.until(5)

    simulate(body)
    assert before == (
        list(logging.root.handlers),
        logging.root.level,
        [name for name in sys.modules if name.startswith("tests.subjects")],
    )


@pytest.mark.parametrize(
    ("way", "ending"),
    [
        pytest.param(
            "import", "exit code 1: RuntimeError: cannot even be imported", id="import fails"
        ),
        pytest.param("startup", "exit code 1", id="startup fails"),
        pytest.param("exit", "exit code 3", id="sys.exit"),
    ],
)
def test_an_end_by_itself_is_told_with_its_reason(way: str, ending: str) -> None:
    async def body(here: SubjectWorld) -> tuple[list[str], str]:
        subject = here.subject("failing", env={"FAIL": way})
        await subject.start()
        await here.until(30)
        return here.events(), subject.exit

    events, reason = simulate(body)
    assert events == ["started", "exited"]
    assert reason.startswith(ending)


def test_an_error_that_nobody_handles_is_logged_as_one() -> None:
    async def body(here: SubjectWorld) -> list[tuple[str, str]]:
        await here.subject("failing", env={"FAIL": "unhandled"}).start()
        await here.until(30)
        return [
            (record.data["logger"], record.data["message"])
            for record in here.records("log")
            if record.data["level"] == "ERROR"
        ]

    [(logger, message)] = simulate(body)
    assert logger == "asyncio"
    assert message.endswith("RuntimeError: nobody handles me")


def test_what_a_subject_prints_is_in_its_log() -> None:
    async def body(here: SubjectWorld) -> list[str]:
        await here.subject("failing", env={"FAIL": "print"}).start()
        await here.until(5)
        return here.log()

    assert "a line on standard output" in simulate(body)


def test_a_module_that_does_not_exist_is_refused_at_once() -> None:
    async def body(here: SubjectWorld) -> None:
        with pytest.raises(UsageError, match=r"'operator' cannot be imported.*no_such_module"):
            here.subject("no_such_module")

    simulate(body)


def test_a_subject_needs_a_module_or_a_command() -> None:
    with pytest.raises(UsageError, match="exactly one of `module` and `command`"):
        SubjectSpec(name="nothing")


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        pytest.param(
            SubjectSpec(module="a.b"),
            ["--module", "a.b", "--all-namespaces", "--standalone"],
            id="default",
        ),
        pytest.param(
            SubjectSpec(module="a, b", namespaces=["x"], peering="p", priority=5),
            ["--module", "a", "--module", "b", "--namespace=x", "--peering=p", "--priority=5"],
            id="all options",
        ),
        pytest.param(
            SubjectSpec(module="a", standalone=False, args=["--namespace=y", "--dev"]),
            ["--module", "a", "--namespace=y", "--dev"],
            id="own arguments",
        ),
    ],
)
def test_a_spec_becomes_the_arguments_of_kopf_run(spec: SubjectSpec, line: list[str]) -> None:
    assert arguments(spec) == line


@pytest.mark.parametrize(
    ("module", "package"),
    [
        pytest.param("aiservice_operator.handlers", "aiservice_operator", id="regular package"),
        pytest.param("tests.subjects.plain", "tests.subjects.plain", id="namespace package"),
        pytest.param("json", "json", id="top level"),
    ],
)
def test_the_whole_package_of_a_subject_is_imported_afresh(module: str, package: str) -> None:
    assert fresh_package(module) == package
