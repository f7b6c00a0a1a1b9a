"""All faults under their v1 names, and undo in reverse."""

from __future__ import annotations

import asyncio

from harness.apiserver.middleware import FaultPlane
from harness.apiserver.status import not_found
from harness.faults.registry import fault_types
from harness.faults.undo import UndoEntry, UndoLog
from harness.vocabulary import field_descriptions

V1_NAMES = [
    "podKill",
    "podFailure",
    "containerKill",
    "deleteObject",
    "patchObject",
    "stripOwnerReferences",
    "addFinalizer",
    "scaleToZero",
    "corruptImage",
    "crashLoop",
    "quota",
    "blockEviction",
    "deleteNamespace",
    "webhookDown",
    "badSpec",
    "rapidEdits",
    "deleteDuringCreate",
    "recreateSameName",
    "revokeAccess",
    "operatorUpgrade",
    "clockJump",
    "command",
    "operatorCrash",
    "operatorPause",
    "operatorRestart",
    "leaderSteal",
    "apiError",
    "apiLatency",
    "commitThenTimeout",
    "connectionReset",
    "throttle",
    "watchDisconnect",
    "watchExpired",
    "watchDrop",
    "watchDelay",
    "watchDuplicate",
    "bookmarkStall",
    "staleRead",
    "nodeLoss",
    "nodeCordon",
    "nodeTaint",
    "nodeDrain",
    "custom",
]


def test_every_fault_of_v1_is_registered_under_its_name() -> None:
    assert sorted(fault_types()) == sorted(V1_NAMES)


def test_every_fault_says_what_it_breaks_and_where_it_stands() -> None:
    points = {*FaultPlane.__dataclass_fields__, "objects", "process", "node"}
    for name, fault in fault_types().items():
        assert fault.type == name
        assert fault.points, name
        assert fault.points <= points, name
        assert fault.family in ("object", "spec", "process", "api", "watch", "node", "custom")


def test_every_parameter_of_every_fault_is_documented() -> None:
    for name, fault in fault_types().items():
        assert fault.__doc__, name
        assert field_descriptions(fault).keys() == fault.model_fields.keys(), name


def test_every_fault_has_an_example_of_itself() -> None:
    for name, fault in fault_types().items():
        assert f"  {name}: {{" in fault.example, name


def logged(*failing: str) -> tuple[list[str], list[str]]:
    """Undo three things; what was done, and what was told."""
    done: list[str] = []
    told: list[str] = []

    def tell(phase: str, entry: UndoEntry, detail: str) -> None:
        told.append(f"{phase} {entry.fault}: {detail}")

    async def main() -> None:
        log = UndoLog(tell)
        for name in ("one", "two", "three"):

            async def action(name: str = name) -> None:
                if name in failing:
                    raise not_found("pods", name)
                done.append(name)

            log.add(name, f"put {name} back", action)
        await log.undo(log.open[0])
        await log.undo_all()
        await log.undo_all()
        assert log.open == []

    asyncio.run(main())
    return done, told


def test_what_was_broken_last_is_put_back_first_and_only_once() -> None:
    assert logged() == (
        ["one", "three", "two"],
        [
            "undone one: put one back",
            "undone three: put three back",
            "undone two: put two back",
        ],
    )


def test_an_undo_that_fails_is_told_and_keeps_nobody_from_their_turn() -> None:
    done, told = logged("three")
    assert done == ["one", "two"]
    assert told[1] == 'failed three: undo: pods "three" not found'
