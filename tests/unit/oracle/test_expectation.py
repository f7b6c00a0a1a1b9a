"""One expectation fed with records: every change is judged, and what is wrong is explained."""

from __future__ import annotations

from typing import Any

from harness.oracle.claims import Claim
from harness.oracle.expectation import Expectation, Terms
from harness.oracle.quiet import Quiet, RequestBounds
from harness.oracle.verdict import Finding, Verdict
from tests.support.history import SECOND, History, thing

READY = Claim(cel="workload.status.ready == true")


class Play:
    """An expectation on a history; D = 60 s, S = 20 s."""

    def __init__(self, *faults: str, **terms: Any) -> None:
        self.history = History(workload="Deployment/demo")
        given = {"within_ns": 60 * SECOND, "stable_ns": 20 * SECOND, "all": [READY], **terms}
        self.expectation = Expectation(Terms(**given), self.history.view, faults)
        self.expectation.begin(0)

    def ready(self, value: bool, *, at: float, by: str = "controller:deployment") -> Play:
        record = self.history.write(
            thing("Deployment", "demo", status={"ready": value}), by=by, at=at
        )
        self.expectation.take(record, self.history.key)
        return self

    def touch(self, *, at: float, by: str = "subject:operator") -> Play:
        record = self.history.write(thing("ConfigMap", "demo", data={"at": str(at)}), by=by, at=at)
        self.expectation.take(record, self.history.key)
        return self

    def fault(self, phase: str, *, at: float) -> Play:
        data = {"name": "lose", "type": "deleteObject", "phase": phase, "target": ""}
        self.expectation.take(self.history.record("fault", data, actor="fault:lose", at=at), None)
        return self

    def request(self, *, at: float) -> Play:
        data = {"verb": "get"}
        record = self.history.record("request", data, actor="subject:operator", at=at)
        self.expectation.take(record, None)
        return self

    def log(self, message: str, *, at: float) -> Play:
        data = {"level": "ERROR", "logger": "kopf.objects", "message": message}
        record = self.history.record("log", data, actor="subject:operator", at=at)
        self.expectation.take(record, None)
        return self

    def finding(self, *, at: float = 200) -> Finding | None:
        while (due := self.expectation.next_ns()) is not None and due <= at * SECOND:
            self.expectation.tick(due)
        return self.expectation.finding("a step", round(at * SECOND), ["9.000s ERROR boom"])


def test_what_comes_true_in_time_and_stays_is_no_finding() -> None:
    assert Play().ready(True, at=5).finding() is None


def test_what_never_comes_true_is_told_with_the_nearest_miss() -> None:
    finding = Play().ready(False, at=5).finding()
    assert finding is not None
    assert (finding.verdict, finding.oracle) == (Verdict.NOT_CONVERGED, "within")
    assert finding.message.splitlines() == [
        "not converged within 60.000s of 0.000s: workload.status.ready == true: is false; "
        "where workload.status.ready is false",
        "  held: never",
        "  Deployment/demo: last ADDED by controller:deployment at 5.000s (rv 1)",
        "  Deployment/demo: never written by the subject",
        "  log: 9.000s ERROR boom",
    ]


def test_a_break_is_told_with_when_it_was_right_and_who_broke_it() -> None:
    play = Play().ready(True, at=5, by="subject:operator").ready(False, at=9, by="fault:drift")
    finding = play.finding()
    assert finding is not None
    assert (finding.verdict, finding.oracle) == (Verdict.UNSTABLE, "stableFor")
    assert finding.message.splitlines()[1:4] == [
        "  held: from 5.000s until 9.000s",
        "  Deployment/demo: last MODIFIED by fault:drift at 9.000s (rv 2)",
        "  Deployment/demo: subject last ADDED by subject:operator at 5.000s (rv 1)",
    ]


def test_a_flap_between_two_looks_is_seen() -> None:
    play = Play().ready(True, at=5).ready(False, at=15).ready(True, at=15)
    assert play.finding() is None
    assert play.expectation.outcome is not None
    assert play.expectation.outcome.converged_ns == 15 * SECOND


def test_faults_are_followed_by_their_records() -> None:
    play = Play("lose").ready(True, at=1).fault("injected", at=2)
    assert play.expectation.next_ns() is None
    play.fault("ended", at=30)
    assert play.expectation.next_ns() == 50 * SECOND


def test_a_fault_that_failed_holds_up_nothing() -> None:
    assert Play("lose").ready(True, at=1).fault("failed", at=10).finding() is None


def test_a_write_of_the_subject_begins_the_quiet_anew() -> None:
    play = Play(quiet=Quiet()).ready(True, at=5).touch(at=10)
    assert play.finding() is None
    assert play.expectation.outcome is not None
    assert play.expectation.outcome.at_ns == 30 * SECOND


def test_the_write_that_converges_does_not_disturb_the_quiet() -> None:
    play = Play(quiet=Quiet()).ready(True, at=5, by="subject:operator")
    assert play.finding() is None
    assert play.expectation.outcome is not None
    assert play.expectation.outcome.at_ns == 25 * SECOND


def test_writing_without_end_is_unstable() -> None:
    play = Play(quiet=Quiet()).ready(True, at=5)
    for second in range(10, 100, 10):
        play.touch(at=second)
    finding = play.finding()
    assert finding is not None
    assert (finding.verdict, finding.oracle) == (Verdict.UNSTABLE, "quiet")
    assert "the subject wrote ConfigMap/demo at 70.000s" in finding.message


def test_writes_of_others_do_not_disturb_the_quiet() -> None:
    play = Play(quiet=Quiet()).ready(True, at=5).touch(at=10, by="kubelet")
    assert play.finding() is None
    assert play.expectation.outcome is not None
    assert play.expectation.outcome.at_ns == 25 * SECOND


def test_too_many_requests_are_a_finding_at_once() -> None:
    play = Play(requests=RequestBounds(reads=2))
    for second in (1, 2, 3):
        play.request(at=second)
    finding = play.finding(at=3)
    assert finding is not None
    assert (finding.verdict, finding.oracle) == (Verdict.UNSTABLE, "requests")
    assert finding.message.startswith("the subject made 3 requests (reads), at most 2 allowed")


def test_what_is_undecided_in_the_end_is_inconclusive() -> None:
    finding = Play("lose").ready(False, at=5).finding(at=50)
    assert finding is not None
    assert (finding.verdict, finding.oracle) == (Verdict.INCONCLUSIVE, "total")


def test_what_did_not_hold_for_more_than_d_is_a_finding_though_d_never_ran() -> None:
    finding = Play("lose").ready(False, at=5).finding(at=61)
    assert finding is not None
    assert (finding.verdict, finding.oracle) == (Verdict.NOT_CONVERGED, "within")
    assert finding.message.startswith("not converged, and that for more than 60.000s: workload")


def test_who_deleted_what_is_missed_is_told() -> None:
    count = Claim.model_validate({"count": {"kind": "Deployment", "exactly": 1}})
    play = Play(all=[count]).ready(True, at=5)
    record = play.history.delete(thing("Deployment", "demo"), by="fault:lose", at=9)
    play.expectation.take(record, play.history.key)
    finding = play.finding()
    assert finding is not None
    assert "  Deployment/demo: last DELETED by fault:lose at 9.000s (rv 2)" in finding.message


TRACE = """Handler 'create' failed.
Traceback (most recent call last):
  File "<here>/my_operator/handlers.py", line 12, in create
    size = spec["size"]
KeyError: 'size'
"""


def test_an_exception_in_the_subjects_own_code_is_found_where_none_may_be() -> None:
    finding = Play(no_exceptions=True).log(TRACE, at=3).ready(True, at=5).finding()
    assert finding is not None
    assert (finding.verdict, finding.oracle) == (Verdict.INVARIANT_VIOLATED, "noExceptions")
    assert "KeyError: 'size' in my_operator/handlers.py:create" in finding.message


def test_an_exception_that_tells_of_the_api_is_none() -> None:
    trace = TRACE.replace("KeyError: 'size'", "kopf.TemporaryError: not yet")
    assert Play(no_exceptions=True).log(trace, at=3).ready(True, at=5).finding() is None


def test_where_nothing_is_said_of_exceptions_none_is_found() -> None:
    assert Play().log(TRACE, at=3).ready(True, at=5).finding() is None
