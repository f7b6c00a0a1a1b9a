"""Numbers as Go prints them, and the string formats of CRD schemas."""

import pytest

from harness.apiserver.schema.formats import matches
from harness.apiserver.schema.values import number_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        pytest.param(1234567891, "1234567891", id="integers are never shortened"),
        pytest.param(123456.5, "123456.5", id="six digits before the point"),
        pytest.param(1234567.5, "1.2345675e+06", id="seven digits before the point"),
        pytest.param(0.0001, "0.0001", id="four places"),
        pytest.param(0.00001, "1e-05", id="five places"),
        pytest.param(1e21, "1e+21", id="large"),
        pytest.param(-2.5e10, "-2.5e+10", id="negative"),
        pytest.param(3.0, "3", id="whole"),
    ],
)
def test_numbers_are_printed_as_go_prints_them(number: float, text: str) -> None:
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("date-time", "2026-01-01T00:00:00Z", "2026-01-01"),
        ("date", "2026-01-31", "2026-13-01"),
        ("ipv4", "10.0.0.1", "1.2.3"),
        ("ipv6", "2001:db8::1", "10.0.0.1"),
        ("cidr", "10.0.0.0/8", "1.2.3.4/99"),
        ("uuid", "12345678-1234-1234-1234-123456789abc", "x"),
        ("email", "a@b.c", "x"),
        ("uri", "https://example.com/a", "x"),
        ("byte", "Yg==", "%%"),
        ("hostname", "a.example.com", "a_b"),
        ("mac", "00:11:22:33:44:55", "x"),
        ("duration", "1h30m", "x"),
    ],
    ids=lambda value: str(value),
)
def test_a_format_tells_good_text_from_bad(name: str, good: str, bad: str) -> None:
    assert matches(name, good)
    assert not matches(name, bad)


def test_a_format_that_nobody_knows_is_not_checked() -> None:
    assert matches("weird", "anything")
