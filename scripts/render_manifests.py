"""Render the Pulumi stack into `operator/manifests/` without a cluster, an engine or the pulumi
command.

The program of `infra/` runs against Pulumi's mocks, which record each resource that it declares.
What they hand over has been through protobuf, where every number is a float; Kubernetes refuses
`8080.0`, so whole numbers become integers again.

    python scripts/render_manifests.py          # write the files
    python scripts/render_manifests.py --check  # exit 1 when they are not what the stack says
    python scripts/render_manifests.py --json   # print files and exports
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = ROOT / "operator" / "manifests"
HEADER = "# Generated from infra/ by `make manifests`: change it there.\n"

# `kubectl apply -f` goes through a folder by name: the namespace comes before what is in it.
FILES = {
    "crd.yaml": ["CustomResourceDefinition"],
    "namespace.yaml": ["Namespace"],
    "operator.yaml": ["ServiceAccount", "Deployment"],
    "rbac.yaml": ["ClusterRole", "ClusterRoleBinding"],
}
HEAD = ("apiVersion", "kind", "metadata")


def main(arguments: list[str]) -> int:
    """Write, compare or print the files; returns the exit code."""
    files, exports = render()
    if "--json" in arguments:
        print(json.dumps({"files": files, "exports": exports}))
        return 0
    if "--check" in arguments:
        stale = [name for name, text in files.items() if _committed(name) != text]
        for name in stale:
            print(f"operator/manifests/{name} is not what infra/ says: run `make manifests`.")
        return 1 if stale else 0
    MANIFESTS.mkdir(exist_ok=True)
    for name, text in files.items():
        (MANIFESTS / name).write_text(text)
    return 0


def render() -> tuple[dict[str, str], dict[str, str]]:
    """The text of each file by name, and the exports of the stack."""
    resources, exports = _run_program()
    left_out = set(resources) - {kind for kinds in FILES.values() for kind in kinds}
    if left_out:
        raise SystemExit(f"No file in FILES takes {', '.join(sorted(left_out))} of the stack.")
    files = {
        name: HEADER + "".join("---\n" + _text(resources[kind]) for kind in kinds)
        for name, kinds in FILES.items()
    }
    return files, exports


def _run_program() -> tuple[dict[str, Any], dict[str, str]]:
    """Run the stack once; its objects by kind (it has one of each), and its exports."""
    import pulumi

    sys.path.insert(0, str(ROOT / "infra"))
    resources: dict[str, Any] = {}
    exports: dict[str, str] = {}

    class Recorder(pulumi.runtime.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Any]:
            resources[args.inputs["kind"]] = _whole_numbers(args.inputs)
            return args.name, args.inputs

        def call(self, args: pulumi.runtime.MockCallArgs) -> Any:
            return {}

    pulumi.runtime.set_mocks(Recorder())

    @pulumi.runtime.test
    def program() -> Any:
        # After set_mocks: importing pulumi_kubernetes registers itself with the runtime.
        from stack import provision

        return pulumi.Output.from_input(provision()).apply(exports.update)

    program()
    return resources, exports


def _whole_numbers(value: Any) -> Any:
    """The same value with each float that is whole as an integer. Manifests hold no others."""
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _text(obj: dict[str, Any]) -> str:
    """YAML with the keys of each mapping in one order, the object's head first."""
    head = {key: obj[key] for key in HEAD if key in obj}
    body = {key: obj[key] for key in sorted(obj) if key not in HEAD}
    return "".join(
        yaml.safe_dump({key: value}, sort_keys=True, width=1000)
        for key, value in (head | body).items()
    )


def _committed(name: str) -> str:
    path = MANIFESTS / name
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
