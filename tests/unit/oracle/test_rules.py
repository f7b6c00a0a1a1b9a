"""What no operator may do: each rule finds it, and lets pass what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.oracle.rules import RULES, Rule, RuleName, rules_without
from harness.simulation.records import Record
from tests.support.history import History, thing

SUBJECT = "subject:operator"
OWNER = thing("AIService", "demo", generation=1)
CHILD = thing("Deployment", "demo", owners=[OWNER])


class Judged:
    """A history, and what one rule says of each of its records."""

    def __init__(self, name: RuleName) -> None:
        self.history = History()
        self.wrong: list[str] = []
        self._rule: Rule = RULES[name]()

    def write(self, document: dict[str, Any], **more: Any) -> None:
        """A version of an object, by the operator unless told otherwise."""
        self._judge(self.history.write(document, **more))

    def delete(self, document: dict[str, Any], **more: Any) -> None:
        """An object is gone."""
        self._judge(self.history.delete(document, **more))

    def told(self, document: dict[str, Any], *, at: float) -> None:
        """The operator is delivered the end of an object."""
        meta = document["metadata"]
        data = {"type": "DELETED", "kind": document["kind"], "name": meta["name"]}
        data["uid"] = meta["uid"]
        self._judge(self.history.record("watch", data, actor=SUBJECT, at=at))

    def asked(self, path: str, status: int, *, at: float, verb: str = "create") -> None:
        """A request of the operator and its answer."""
        data: dict[str, Any] = {"verb": verb, "path": path}
        request = self.history.record("request", data, actor=SUBJECT, at=at)
        self._judge(request)
        answer = {"status": status}
        causes = (request.seq,)
        self._judge(self.history.record("response", answer, actor=SUBJECT, at=at, causes=causes))

    def _judge(self, record: Record) -> None:
        if wrong := self._rule.take(record, self.history.key, self.history.state):
            self.wrong.append(wrong)


# -- orphanWrites --------------------------------------------------------------------------------


def test_a_child_made_long_after_its_owner_was_known_to_be_gone_is_an_orphan() -> None:
    judged = Judged("orphanWrites")
    judged.write(OWNER, by="user")
    judged.delete(OWNER)
    judged.told(OWNER, at=10)
    judged.write(CHILD, at=20)
    assert judged.wrong == [
        "Deployment/demo was created 10.0 s after its owner AIService/demo was gone"
    ]


@pytest.mark.parametrize(("told", "at"), [(True, 14.9), (False, 100.0)], ids=["race", "untold"])
def test_a_race_and_what_nobody_was_told_are_no_orphans(told: bool, at: float) -> None:
    judged = Judged("orphanWrites")
    judged.write(OWNER, by="user")
    judged.delete(OWNER)
    if told:
        judged.told(OWNER, at=10)
    judged.write(CHILD, at=at)
    assert judged.wrong == []


def test_a_child_of_the_next_owner_of_that_name_is_no_orphan() -> None:
    judged = Judged("orphanWrites")
    judged.write(OWNER, by="user")
    judged.delete(OWNER)
    judged.told(OWNER, at=1)
    again = thing("AIService", "demo", uid="again")
    judged.write(again, by="user", at=5)
    judged.write(thing("Deployment", "demo", owners=[again]), at=60)
    assert judged.wrong == []


# -- observedGeneration --------------------------------------------------------------------------


def observed(generation: int, seen: int, **more: Any) -> dict[str, Any]:
    return thing(
        "AIService", "demo", generation=generation, status={"observedGeneration": seen}, **more
    )


def test_a_status_about_a_spec_of_the_future_is_made_up() -> None:
    judged = Judged("observedGeneration")
    judged.write(observed(1, 2))
    assert judged.wrong == [
        "AIService/demo has status.observedGeneration 2, but its metadata.generation is 1"
    ]


def test_a_status_does_not_go_back_to_an_older_spec() -> None:
    judged = Judged("observedGeneration")
    for seen in (1, 3, 2):
        judged.write(observed(3, seen))
    assert judged.wrong == ["AIService/demo went back from status.observedGeneration 3 to 2"]


def test_a_new_object_of_that_name_begins_anew_and_others_may_write_what_they_like() -> None:
    judged = Judged("observedGeneration")
    judged.write(observed(5, 5))
    judged.write(observed(5, 9), by="user")
    judged.delete(observed(5, 9))
    judged.write(observed(1, 1, uid="again"))
    assert judged.wrong == []


# -- secretRotation ------------------------------------------------------------------------------


def secret(**data: str) -> dict[str, Any]:
    return thing("Secret", "password", owners=[OWNER], data=data)


def test_a_password_that_is_drawn_anew_is_found() -> None:
    judged = Judged("secretRotation")
    judged.write(OWNER, by="user")
    judged.write(secret(password="hash-1"))
    judged.write(secret(password="hash-2"))
    assert judged.wrong == [
        "Secret/password got another value for 'password', although its owner asks for the same"
    ]


def test_also_when_the_operator_has_deleted_the_secret_itself() -> None:
    judged = Judged("secretRotation")
    judged.write(OWNER, by="user")
    judged.write(secret(password="hash-1"))
    judged.delete(secret(password="hash-1"), by=SUBJECT)
    judged.write(secret(password="hash-2"))
    assert len(judged.wrong) == 1


def test_a_new_spec_a_lost_secret_another_key_and_the_time_may_change_it() -> None:
    judged = Judged("secretRotation")
    judged.write(OWNER, by="user")
    judged.write(secret(password="hash-1"))
    judged.write(secret(password="hash-1", user="hash-u"))
    judged.write(thing("AIService", "demo", generation=2), by="user")
    judged.write(secret(password="hash-2"))
    judged.delete(secret(password="hash-2"), by="fault:lose")
    judged.write(secret(password="hash-3"))
    judged.write(secret(password="hash-4"), at=3600)
    assert judged.wrong == []


# -- claimSize -----------------------------------------------------------------------------------


def claim(size: str) -> dict[str, Any]:
    spec = {"resources": {"requests": {"storage": size}}}
    return thing("PersistentVolumeClaim", "data", spec=spec)


def test_a_claim_that_is_made_anew_and_smaller_has_lost_its_data() -> None:
    judged = Judged("claimSize")
    judged.write(claim("2Gi"))
    judged.delete(claim("2Gi"), by=SUBJECT)
    judged.write(claim("1000Mi"))
    assert judged.wrong == ["PersistentVolumeClaim/data shrank from 2Gi to 1000Mi"]


def test_who_asked_for_the_deletion_of_a_protected_claim_counts_not_who_finished_it() -> None:
    judged = Judged("claimSize")
    judged.write(claim("2Gi"))
    going = claim("2Gi")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    judged.write(going, by=SUBJECT)
    judged.delete(going, by="controller:pvc-protection")
    judged.write(claim("1Gi"))
    assert judged.wrong == ["PersistentVolumeClaim/data shrank from 2Gi to 1Gi"]


def test_a_claim_may_grow_and_begin_anew_where_somebody_else_deleted_it() -> None:
    judged = Judged("claimSize")
    judged.write(claim("1Gi"))
    judged.write(claim("2Gi"))
    judged.delete(claim("2Gi"), by="user")
    judged.write(claim("1Gi"))
    assert judged.wrong == []


# -- disruptionBudget ----------------------------------------------------------------------------


def pod(*, ready: str = "True", **more: Any) -> dict[str, Any]:
    status = {"conditions": [{"type": "Ready", "status": ready}]}
    return thing("Pod", "p", labels={"app": "demo"}, owners=[CHILD], status=status, **more)


def budget(allowed: int) -> dict[str, Any]:
    return thing(
        "PodDisruptionBudget",
        "demo",
        generation=1,
        spec={"selector": {"matchLabels": {"app": "demo"}}},
        status={"observedGeneration": 1, "disruptionsAllowed": allowed},
    )


def disrupted(allowed: int, before: dict[str, Any], *, by: str = SUBJECT) -> list[str]:
    judged = Judged("disruptionBudget")
    judged.write(OWNER, by="user")
    judged.write(CHILD)
    judged.write(budget(allowed), by="controller")
    judged.write(before, by="controller")
    judged.write(pod(terminating=True), by=by)
    return judged.wrong


def test_a_ready_pod_is_not_deleted_past_its_budget() -> None:
    assert disrupted(0, pod()) == [
        "Pod/p was deleted although PodDisruptionBudget/demo allows no disruption"
    ]


@pytest.mark.parametrize(
    ("allowed", "before", "by"),
    [(1, pod(), SUBJECT), (0, pod(ready="False"), SUBJECT), (0, pod(), "fault:kill")],
    ids=["allowed", "not-ready", "somebody-else"],
)
def test_what_a_budget_allows_is_no_violation(
    allowed: int, before: dict[str, Any], by: str
) -> None:
    assert disrupted(allowed, before, by=by) == []


def test_a_pod_whose_owner_goes_may_go_too() -> None:
    judged = Judged("disruptionBudget")
    judged.write(budget(0), by="controller")
    judged.write(pod(), by="controller")
    judged.delete(pod(), by=SUBJECT)
    assert judged.wrong == []


# -- retryRate -----------------------------------------------------------------------------------


def test_a_hundred_refusals_of_the_same_in_ten_seconds_are_a_storm() -> None:
    judged = Judged("retryRate")
    for number in range(100):
        judged.asked("/api/v1/pods", 422, at=number * 0.1)
    assert judged.wrong == ["create /api/v1/pods was answered 422 100 times in 9.9 s"]


def test_a_slower_pace_other_paths_and_watches_are_none() -> None:
    judged = Judged("retryRate")
    for number in range(300):
        judged.asked("/slow", 422, at=number * 0.2)
        judged.asked(f"/other/{number}", 422, at=number * 0.01)
        judged.asked("/watched", 410, at=number * 0.01, verb="watch")
        judged.asked("/fine", 200, at=number * 0.01)
        judged.asked("/missing", 404, at=number * 0.01, verb="get")
    assert judged.wrong == []


# -- all of them ---------------------------------------------------------------------------------


def test_a_rule_is_switched_off_by_its_name() -> None:
    assert "retryRate" not in rules_without(["retryRate", "leaks"])
    assert sorted(rules_without([])) == sorted(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_what_others_do_concerns_no_rule(name: RuleName) -> None:
    judged = Judged(name)
    for document in (OWNER, CHILD, observed(1, 9), secret(a="1"), claim("1Gi"), pod()):
        judged.write(document, by="user")
        judged.delete(document)
    assert judged.wrong == []
