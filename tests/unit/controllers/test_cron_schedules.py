"""Cron schedules: when the next time is, across months, leap years and changes of the clocks."""

from __future__ import annotations

import datetime
import zoneinfo

import pytest

from harness.apiserver.kinds.schedules import ScheduleError, parse

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
LORD_HOWE = zoneinfo.ZoneInfo("Australia/Lord_Howe")  # its clocks change by half an hour


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        pytest.param("*/5 * * * *", "2026-01-01T00:03:20Z", "2026-01-01T00:05:00Z", id="step"),
        pytest.param("5/20 * * * *", "2026-01-01T00:30:00Z", "2026-01-01T00:45:00Z", id="from"),
        pytest.param("0 9-17/4 * * *", "2026-01-01T13:00:00Z", "2026-01-01T17:00:00Z", id="range"),
        pytest.param("0 0 * * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", id="new-year"),
        pytest.param("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z", id="leap-day"),
        pytest.param("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z", id="long-month"),
        pytest.param("0 0 * * MON", "2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", id="weekday"),
        pytest.param("0 0 13 * FRI", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", id="or"),
        pytest.param("0 0 13 * ?", "2026-01-01T00:00:00Z", "2026-01-13T00:00:00Z", id="question"),
        pytest.param("0 0 1 JAN,jul *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z", id="names"),
        pytest.param("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z", id="descriptor"),
        pytest.param("@every 90s", "2026-01-01T00:00:00.5Z", "2026-01-01T00:01:30Z", id="every"),
        pytest.param("@every 1h30m", "2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z", id="units"),
    ],
)
def test_the_next_time_is_the_first_that_matches_and_is_later(
    schedule: str, after: str, expected: str
) -> None:
    assert parse(schedule).after(at(after)) == at(expected)


def test_a_day_that_never_comes_has_no_next_time() -> None:
    assert parse("0 0 31 2 *").after(at("2026-01-01T00:00:00Z")) is None


def test_a_field_that_names_nothing_has_no_next_time() -> None:
    assert parse(", * * * *").after(at("2026-01-01T00:00:00Z")) is None


def test_a_time_that_the_clocks_leave_out_is_skipped() -> None:
    schedule = parse("30 2 * * *", BERLIN)
    assert schedule.after(at("2026-03-28T12:00:00Z")) == at("2026-03-30T00:30:00Z")


def test_a_time_that_comes_twice_counts_twice() -> None:
    schedule = parse("30 2 * * *", BERLIN)
    first = schedule.after(at("2026-10-24T12:00:00Z"))
    assert first == at("2026-10-25T00:30:00Z")
    assert schedule.after(first) == at("2026-10-25T01:30:00Z")


@pytest.mark.parametrize("zone", [BERLIN, LORD_HOWE], ids=["berlin", "lord-howe"])
@pytest.mark.parametrize("text", ["*/17 1-3 * * *", "45 1,2 * * 0", "5/20 */2 * 3,4,10 *"])
@pytest.mark.parametrize("start", ["2026-03-27T00:00:00Z", "2026-10-02T00:00:00Z"])
def test_no_minute_that_matches_by_the_wall_clock_is_missed(
    text: str, zone: zoneinfo.ZoneInfo, start: str
) -> None:
    schedule, minute = parse(text, zone), datetime.timedelta(minutes=1)
    minutes, hours, _, months, weekdays = (_Matches(part) for part in text.split())
    moments = (at(start) + number * minute for number in range(1, 4 * 24 * 60))
    matching = [
        moment
        for moment in moments
        for shown in [moment.astimezone(zone)]
        if (minutes(shown.minute, 60) and hours(shown.hour, 24) and months(shown.month, 13))
        and weekdays(shown.isoweekday() % 7, 7)
    ]
    found: list[datetime.datetime] = []
    moment = schedule.after(at(start))
    while moment is not None and len(found) < len(matching):
        found.append(moment)
        moment = schedule.after(moment)
    assert found == matching


class _Matches:
    """One field, read in the plainest way."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __call__(self, value: int, limit: int) -> bool:
        for part in self._text.split(","):
            span, _, step = part.partition("/")
            first, _, last = span.replace("*", f"0-{limit}").partition("-")
            high = int(last) if last else (limit if step else int(first))
            if value in range(int(first), high + 1, int(step or 1)):
                return True
        return False


def test_ten_years_of_days_are_found_without_missing_one() -> None:
    schedule, moment = parse("0 3 * * *", BERLIN), at("2026-01-01T12:00:00+01:00")
    for _ in range(3652):
        following = schedule.after(moment)
        assert following is not None
        moment = following
    assert moment == at("2036-01-01T03:00:00+01:00")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("* * * *", "expected exactly 5 fields, found 4: [* * * *]", id="fields"),
        pytest.param("60 * * * *", "end of range (60) above maximum (59): 60", id="high"),
        pytest.param("* * 0 * *", "beginning of range (0) below minimum (1): 0", id="low"),
        pytest.param(
            "5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1", id="reversed"
        ),
        pytest.param("*/0 * * * *", "step of range should be a positive number: */0", id="step"),
        pytest.param("1-2-3 * * * *", "too many hyphens: 1-2-3", id="hyphens"),
        pytest.param("1/2/3 * * * *", "too many slashes: 1/2/3", id="slashes"),
        pytest.param(
            "a * * * *",
            'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax',
            id="word",
        ),
        pytest.param("@often", "unrecognized descriptor: @often", id="descriptor"),
        pytest.param(
            "@every 5",
            'failed to parse duration @every 5: time: missing unit in duration "5"',
            id="duration",
        ),
    ],
)
def test_a_schedule_that_cannot_be_read_is_refused_in_upstreams_words(
    text: str, complaint: str
) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse(text)
    assert str(caught.value) == complaint
