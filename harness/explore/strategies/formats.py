"""Texts of the formats that Kubernetes checks, and of those that operators expect.

The first table is keyed by the `format` of a schema; every text in it passes the server's own
check. The second is for what a schema does not say but a name or a pattern does: quantities, Go
durations, cron lines, images, names of objects.
Source: Kubernetes CRD "Validation" (formats); "Object names and IDs"; "Quantity"; Go `time`.
"""

from __future__ import annotations

import base64
import datetime

from .required import SearchStrategy, st

_HEX = "0123456789abcdef"
_LOWER = "abcdefghijklmnopqrstuvwxyz"


def _text(alphabet: str, *, size: int) -> SearchStrategy[str]:
    return st.text(st.sampled_from(alphabet), min_size=size, max_size=size)


def _one_of(*texts: str) -> SearchStrategy[str]:
    return st.sampled_from(texts)


DNS_LABEL = st.one_of(
    _one_of("a", "demo", "a-b"),
    st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True),
)
DNS_SUBDOMAIN = st.one_of(
    DNS_LABEL, st.lists(DNS_LABEL, min_size=2, max_size=3).map(lambda parts: ".".join(parts))
)
_HOUR = st.integers(0, 23)
_SIXTY = st.integers(0, 59)
_DATE = st.dates(datetime.date(1970, 1, 1), datetime.date(2099, 12, 31)).map(str)
_DATE_TIME = st.tuples(_DATE, _HOUR, _SIXTY, _SIXTY, _one_of("Z", "+02:00", ".5Z")).map(
    lambda parts: f"{parts[0]}T{parts[1]:02}:{parts[2]:02}:{parts[3]:02}{parts[4]}"
)
GO_DURATION = st.one_of(
    _one_of("1s", "0s", "1m", "1h", "1h30m", "100ms", "24h"),
    st.tuples(st.integers(0, 999), _one_of("s", "m", "h", "ms")).map(lambda p: f"{p[0]}{p[1]}"),
)
IPV4 = st.one_of(_one_of("10.0.0.1", "0.0.0.0", "255.255.255.255"), st.ip_addresses(v=4).map(str))
IPV6 = st.one_of(_one_of("::1", "fd00::1"), st.ip_addresses(v=6).map(str))
_CIDR = st.tuples(IPV4, st.integers(0, 32)).map(lambda pair: f"{pair[0]}/{pair[1]}")
_UUID = st.tuples(*[_text(_HEX, size=size) for size in (8, 4, 4, 4, 12)]).map("-".join)
_BYTES = st.binary(max_size=12).map(lambda data: base64.b64encode(data).decode())

FORMATS: dict[str, SearchStrategy[str]] = {
    "byte": _BYTES,
    "cidr": _CIDR,
    "date": st.one_of(_one_of("2000-01-01", "2024-02-29"), _DATE),
    "date-time": st.one_of(_one_of("2000-01-01T00:00:00Z"), _DATE_TIME),
    "datetime": _DATE_TIME,
    "duration": GO_DURATION,
    "email": DNS_LABEL.map(lambda name: f"{name}@example.com"),
    "hexcolor": _text(_HEX, size=6).map(lambda digits: f"#{digits}"),
    "hostname": DNS_SUBDOMAIN,
    "ipv4": IPV4,
    "ipv6": IPV6,
    "k8s-long-name": DNS_SUBDOMAIN,
    "k8s-short-name": DNS_LABEL,
    "mac": st.lists(_text(_HEX, size=2), min_size=6, max_size=6).map(":".join),
    "uri": DNS_SUBDOMAIN.map(lambda host: f"https://{host}/"),
    "uuid": _UUID,
}

QUANTITY = st.one_of(
    _one_of("1", "0", "500m", "1000m", "1Gi", "1024Mi", "2Gi"),
    st.tuples(st.integers(0, 1024), _one_of("", "m", "k", "M", "G", "Ki", "Mi", "Gi")).map(
        lambda pair: f"{pair[0]}{pair[1]}"
    ),
)
STORAGE_SIZE = st.tuples(st.integers(1, 20), _one_of("Gi", "G")).map(lambda p: f"{p[0]}{p[1]}")
CRON = st.one_of(
    _one_of("* * * * *", "*/5 * * * *", "0 0 * * *", "@hourly"),
    st.tuples(_SIXTY, _HOUR).map(lambda at: f"{at[0]} {at[1]} * * *"),
)
IMAGE = _one_of("busybox", "nginx:1.27", "registry.example.com/team/app:v1.2.3")
LABEL_VALUE = st.one_of(
    _one_of("a", "", "true", "v1.2.3", "x" * 63),
    st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,12}[A-Za-z0-9])?", fullmatch=True),
)
LABEL_KEY = st.one_of(
    _one_of("a", "app", "app.kubernetes.io/name"),
    st.from_regex(r"([a-z]{1,8}\.[a-z]{1,4}/)?[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True),
)
RESOURCE_NAME = _one_of("cpu", "memory", "ephemeral-storage")
#: What every embedded resource must say of itself.
EMBEDDED = st.fixed_dictionaries(
    {
        "apiVersion": st.just("v1"),
        "kind": st.just("ConfigMap"),
        "metadata": st.fixed_dictionaries({"name": DNS_LABEL}),
    }
)
