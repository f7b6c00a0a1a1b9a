"""`harness serve` is an API server to its clients: it starts, keeps its secrets, and ends."""

from __future__ import annotations

import json
import signal
import stat
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.serve import served


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_ends_it_cleanly_and_nothing_is_left(
    tmp_path: Path, number: signal.Signals
) -> None:
    with served(tmp_path) as server:
        assert server.kubeconfig.exists()
        assert server.stop(number) == 0
        assert server.output[-1] == "stopped"
    assert not server.kubeconfig.exists()


def test_it_says_where_it_is_and_how_to_reach_it(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        url = json.loads(server.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        assert server.output == [f"ready: {url}", f"export KUBECONFIG={server.kubeconfig}"]
        assert url.startswith("https://127.0.0.1:")


def test_only_its_owner_can_read_the_kubeconfig(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        assert stat.S_IMODE(server.kubeconfig.stat().st_mode) == 0o600


def test_nobody_gets_in_without_the_token(tmp_path: Path) -> None:
    import ssl

    with served(tmp_path) as server:
        url = json.loads(server.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        trusting = ssl._create_unverified_context()
        with pytest.raises(urllib.error.HTTPError, match=r"40[13]") as refused:
            urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)
            ).open(f"{url}/api/v1/secrets", timeout=30)
        refused.value.close()


def test_the_kubeconfig_of_another_server_is_left_alone(tmp_path: Path) -> None:
    with served(tmp_path) as first, served(tmp_path) as second:
        assert first.stop() == 0
        assert second.kubeconfig.exists()


def test_a_manifest_that_is_wrong_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    manifest = tmp_path / "wrong.yaml"
    manifest.write_text("apiVersion: v1\nkind: Nonsense\nmetadata: {name: x}\n")
    with (
        pytest.raises(AssertionError, match="Nonsense"),
        served(tmp_path, "--manifests", str(manifest)),
    ):
        pass
    assert not (tmp_path / "kubeconfig").exists()


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        port = server.output[0].rpartition(":")[2]
        other = tmp_path / "other"
        with (
            pytest.raises(AssertionError, match=f"port {port} .*--port 0"),
            served(other, "--port", port),
        ):
            pass
