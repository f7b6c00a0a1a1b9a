"""The programs of a control plane: where they are found, and how each is called.

They are looked for in `KUBEBUILDER_ASSETS`, as envtest does, then on PATH. Everything they are
told to use lies in one temporary folder, `home`; etcd does not wait for the disk.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from harness.apiserver.serving import LOOPBACK

ASSETS = "KUBEBUILDER_ASSETS"
NEEDED = ("etcd", "kube-apiserver")
CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
_SERVICE_RANGE = "10.96.0.0/16"
Programs = Mapping[str, Path]


def find_programs() -> dict[str, Path]:
    """The programs of Kubernetes that this machine has, by name."""
    folder = os.environ.get(ASSETS, "")
    found = {}
    for name in (*NEEDED, *CONTROLLERS):
        path = shutil.which(name, path=folder) if folder else None
        path = path or shutil.which(name)
        if path is not None:
            found[name] = Path(path)
    return found


def missing_programs() -> str:
    """What is missing for a control plane and how to get it; empty when nothing is."""
    found = find_programs()
    missing = [name for name in NEEDED if name not in found]
    if not missing:
        return ""
    return (
        f"{' and '.join(missing)} not found in {ASSETS} or PATH; "
        f"`setup-envtest use` downloads them, then set {ASSETS} to the folder it prints"
    )


def etcd_command(programs: Programs, home: Path, name: str, client: int, peer: int) -> list[str]:
    """How to start etcd as `name` on two ports."""
    url, peer_url = f"http://{LOOPBACK}:{client}", f"http://{LOOPBACK}:{peer}"
    return [
        str(programs["etcd"]),
        f"--name={name}",
        f"--data-dir={home / name}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster={name}={peer_url}",
        "--unsafe-no-fsync",
    ]


def api_server_command(programs: Programs, home: Path, etcd_port: int, port: int) -> list[str]:
    """How to start kube-apiserver on a port."""
    return [
        str(programs["kube-apiserver"]),
        f"--etcd-servers=http://{LOOPBACK}:{etcd_port}",
        f"--secure-port={port}",
        f"--bind-address={LOOPBACK}",
        f"--cert-dir={home / 'certs'}",
        f"--tls-cert-file={home / 'api.pem'}",
        f"--tls-private-key-file={home / 'api.pem'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={home / 'sa.pub'}",
        f"--service-account-signing-key-file={home / 'sa.key'}",
        f"--token-auth-file={home / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        f"--service-cluster-ip-range={_SERVICE_RANGE}",
        "--allow-privileged=true",
    ]


def controller_command(programs: Programs, home: Path, name: str) -> list[str]:
    """How to start one of `CONTROLLERS`."""
    common = ["--leader-elect=false", "--secure-port=0"]
    common += [f"--kubeconfig={home / 'kubeconfig'}", "--kube-api-qps=200", "--kube-api-burst=400"]
    own = {
        "kube-controller-manager": [
            f"--service-account-private-key-file={home / 'sa.key'}",
            f"--root-ca-file={home / 'ca.pem'}",
            "--allocate-node-cidrs=false",
        ],
        "kube-scheduler": [],
    }
    return [str(programs[name]), *common, *own[name]]
