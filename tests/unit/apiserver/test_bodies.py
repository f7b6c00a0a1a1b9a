"""Bodies in other languages than JSON: YAML and protobuf."""

from __future__ import annotations

import base64

import pytest

from harness.apiserver import yaml
from harness.apiserver.protobuf import decode_protobuf
from tests.support.apiserver import CONFIGMAPS, Api, on_server

#: What `kubectl create configmap foo --from-literal=a=b` sends, recorded.
CONFIGMAP = bytes.fromhex(
    "6b3873000a0f0a0276311209436f6e6669674d6170121d0a130a03666f6f12001a0022002a0032003800420012060a"
    "01611201621a002200"
)
PROTOBUF = "application/vnd.kubernetes.protobuf"


def test_a_recorded_protobuf_body_of_kubectl_creates_its_object() -> None:
    async def main(api: Api) -> None:
        made = await api.ok("POST", CONFIGMAPS, CONFIGMAP, content_type=PROTOBUF)
        assert (made["metadata"]["name"], made["data"]) == ("foo", {"a": "b"})

    on_server(main)


def _message(*fields: tuple[int, bytes]) -> bytes:
    """A protobuf message of length-delimited fields."""
    return b"".join(bytes([number << 3 | 2, len(value)]) + value for number, value in fields)


def _envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    head = _message((1, api_version.encode()), (2, kind.encode()))
    return b"k8s\0" + _message((1, head), (2, raw))


def test_inlined_messages_stand_in_their_owner() -> None:
    claim = _message((1, b"claim"))
    source = _message((10, claim))
    volume = _message((1, b"v"), (2, source))
    pod = _message((2, _message((1, volume))))
    document = decode_protobuf(_envelope("v1", "Pod", pod))
    volumes = document["spec"]["volumes"]
    assert volumes == [{"name": "v", "persistentVolumeClaim": {"claimName": "claim"}}]


def test_bytes_are_base64_and_maps_are_objects() -> None:
    entry = _message((1, b"key"), (2, b"\x00\xff"))
    document = decode_protobuf(_envelope("v1", "Secret", _message((2, entry))))
    assert document["data"] == {"key": base64.b64encode(b"\x00\xff").decode()}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="JSON"),
        pytest.param(_envelope("v1", "Nothing", b""), id="an unknown kind"),
        pytest.param(CONFIGMAP[:-20], id="cut short"),
    ],
)
def test_what_cannot_be_decoded_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_protobuf(body)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param(b"a: yes", {"a": True}, id="words of YAML 1.1"),
        pytest.param(b"a: 2026-01-01", {"a": "2026-01-01"}, id="dates stay text"),
        pytest.param(b'{"a": 1}', {"a": 1}, id="JSON"),
        pytest.param(b"a: {b: [1, x]}", {"a": {"b": [1, "x"]}}, id="flow"),
    ],
)
def test_yaml_is_read_as_kubectl_reads_it(text: bytes, value: object) -> None:
    assert yaml.load(text) == value


def test_broken_yaml_names_the_problem() -> None:
    with pytest.raises(ValueError, match="mapping values are not allowed in this context"):
        yaml.load(b"a: b: c")
