"""Derive the facts about built-in kinds from a running real API server.

    python scripts/derive_facts.py --server https://127.0.0.1:6443 --token TOKEN

asks discovery which resources are served and under what names, OpenAPI v3 what fields they have,
and, for what OpenAPI leaves out, creates the samples of `facts_samples.yaml` with `dryRun=All`: a
value that comes back where none was sent is a default. A default that depends on something else
(two samples disagree) is conditional; it is reported and left to the strategies in
`harness/apiserver/kinds/`.

The result is `harness/apiserver/schema/data/vMAJOR.MINOR.json`: names, types and numbers only, no
prose (descriptions are dropped), one resource or schema a line so that `diff` compares two
versions. The same server gives the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facts_defaults import discover_defaults, discover_zeros

#: Stored resources that are served, by group and version: those that operators meet.
WANTED = {
    "v1": "configmaps endpoints events limitranges namespaces nodes persistentvolumeclaims "
    "persistentvolumes pods podtemplates replicationcontrollers resourcequotas secrets "
    "serviceaccounts services",
    "admissionregistration.k8s.io/v1": "mutatingwebhookconfigurations "
    "validatingwebhookconfigurations",
    "apiextensions.k8s.io/v1": "customresourcedefinitions",
    "apps/v1": "controllerrevisions daemonsets deployments replicasets statefulsets",
    "autoscaling/v2": "horizontalpodautoscalers",
    "batch/v1": "cronjobs jobs",
    "coordination.k8s.io/v1": "leases",
    "discovery.k8s.io/v1": "endpointslices",
    "events.k8s.io/v1": "events",
    "networking.k8s.io/v1": "ingressclasses ingresses networkpolicies",
    "node.k8s.io/v1": "runtimeclasses",
    "policy/v1": "poddisruptionbudgets",
    "rbac.authorization.k8s.io/v1": "clusterrolebindings clusterroles rolebindings roles",
    "scheduling.k8s.io/v1": "priorityclasses",
    "storage.k8s.io/v1": "csidrivers csinodes storageclasses volumeattachments",
}

#: Kinds that are only spoken (subresources, reviews, answers): their schemas are wanted too.
SPOKEN = {
    "v1": "Binding",
    "autoscaling/v1": "Scale",
    "policy/v1": "Eviction",
    "authentication.k8s.io/v1": "TokenRequest TokenReview SelfSubjectReview",
    "authorization.k8s.io/v1": "LocalSubjectAccessReview SelfSubjectAccessReview "
    "SelfSubjectRulesReview SubjectAccessReview",
}

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
ALWAYS = tuple(META + kind for kind in ("Status", "DeleteOptions", "APIResourceList"))

#: Types whose fields OpenAPI does not know; whatever is in them is kept.
OPAQUE = (META + "FieldsV1", "io.k8s.apimachinery.pkg.runtime.RawExtension")

DATA = Path(__file__).parent.parent / "harness/apiserver/schema/data"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
Json = dict[str, Any]


class Server:
    """A real API server, asked without a proxy."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # Only names and types are read.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def call(
        self, method: str, path: str, body: Json | None = None, accept: str = "application/json"
    ) -> Json:
        """One request; an error of the API comes back as its `Status` object."""
        request = urllib.request.Request(  # noqa: S310  (https, as the caller gave it)
            self.address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": accept,
                "Content-Type": "application/json",
            },
        )
        try:
            with self._opener.open(request) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            return dict(json.load(error))


def read_resources(server: Server) -> list[Json]:
    """The wanted resources with the names, verbs and subresources of aggregated discovery."""
    found: list[Json] = []
    for root in ("/api", "/apis"):
        for group in server.call("GET", root, accept=AGGREGATED)["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                api_version = f"{name}/{version['version']}" if name else version["version"]
                wanted = WANTED.get(api_version, "").split()
                for resource in version["resources"]:
                    if resource["resource"] in wanted:
                        found.append(describe(resource, name, version["version"]))
    return found


def describe(row: Json, group: str, version: str) -> Json:
    """One resource as the data file has it, from one row of discovery."""
    kind = row["responseKind"]["kind"]
    subresources = {
        sub["subresource"]: {
            "kind": sub["responseKind"]["kind"],
            "group": sub["responseKind"]["group"],
            "version": sub["responseKind"]["version"],
            "verbs": sub["verbs"],
        }
        for sub in row.get("subresources", ())
    }
    return {
        "group": group,
        "version": version,
        "kind": kind,
        "plural": row["resource"],
        "singular": row["singularResource"],
        "namespaced": row["scope"] == "Namespaced",
        "shortNames": row.get("shortNames", []),
        "categories": row.get("categories", []),
        "verbs": row["verbs"],
        "subresources": subresources,
    }


def read_schemas(server: Server) -> dict[str, Json]:
    """Every schema of every wanted group, by full name, stripped to what a program needs."""
    schemas: dict[str, Json] = {}
    for api_version in sorted({*WANTED, *SPOKEN}):
        path = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        document = server.call("GET", f"/openapi/v3{path}")
        for name, schema in document["components"]["schemas"].items():
            schemas[name] = strip(schema)
            if name in OPAQUE:
                schemas[name]["x-kubernetes-preserve-unknown-fields"] = True
    return schemas


def strip(schema: Any) -> Any:
    """Without prose, and without defaults that are only Go's zero values."""
    if isinstance(schema, list):
        return [strip(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept: Json = {}
    for key, value in schema.items():
        if (
            key == "x-kubernetes-group-version-kind" and len(value) > 1
        ):  # DeleteOptions: of all groups
            kept[key] = [gvk for gvk in value if (gvk["group"], gvk["version"]) == ("", "v1")]
        elif key == "properties":  # Its keys are names of fields, "description" among them.
            kept[key] = {name: strip(field) for name, field in sorted(value.items())}
        elif key == "description" or (key == "default" and value in ("", {}, 0, False)):
            continue
        elif key == "$ref":
            kept[key] = value.rpartition("/")[2]
        else:
            kept[key] = strip(value)
    all_of = kept.get("allOf", ())
    if len(all_of) == 1:
        kept |= {"$ref": all_of[0]["$ref"]}
        del kept["allOf"]
    return kept


#: Types of a status, which dry creation never shows, whose times are no pointers in Go.
TIMED = ("Condition", "ContainerStateRunning", "ContainerStateTerminated")


def null_times(schemas: dict[str, Json]) -> None:
    """Times of conditions and container states are null until somebody sets them."""
    for name, schema in schemas.items():
        if name.endswith(TIMED):
            for field in schema.get("properties", {}).values():
                if str(field.get("$ref", "")).endswith(".Time"):
                    field["default"] = None


def kinds_of(schemas: dict[str, Json]) -> dict[tuple[str, str], str]:
    """Name of the schema of each (apiVersion, kind)."""
    names: dict[tuple[str, str], str] = {}
    for name, schema in sorted(schemas.items()):
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            group = gvk["group"]
            api_version = f"{group}/{gvk['version']}" if group else gvk["version"]
            names.setdefault((api_version, gvk["kind"]), name)
    return names


def references(schema: Any) -> Iterator[str]:
    """Names of the schemas that one names."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)


def reachable(schemas: dict[str, Json], roots: list[str]) -> dict[str, Json]:
    """The named schemas and all they name, sorted."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(references(schemas[name]))
    return {name: schemas[name] for name in sorted(seen)}


def write(path: Path, facts: Json) -> None:
    """One resource or schema a line."""

    def line(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    resources = ",\n".join(line(resource) for resource in facts["resources"])
    schemas = ",\n".join(f"{line(k)}:{line(v)}" for k, v in facts["schemas"].items())
    path.write_text(
        f'{{"version":{line(facts["version"])},\n'
        f'"resources":[\n{resources}\n],\n"schemas":{{\n{schemas}\n}}}}\n'
    )


def main() -> None:
    """Ask the server and write the data file of its version."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, help="https://HOST:PORT of a real API server")
    parser.add_argument("--token", required=True, help="bearer token of a cluster administrator")
    parser.add_argument("--out", type=Path, default=DATA, help="folder of the data file")
    arguments = parser.parse_args()
    server = Server(arguments.server, arguments.token)

    version = server.call("GET", "/version")
    resources = read_resources(server)
    everything = read_schemas(server)
    names = kinds_of(everything)
    roots = list(ALWAYS)
    for resource in resources:
        group = resource["group"]
        api_version = f"{group}/{resource['version']}" if group else resource["version"]
        resource["schema"] = names[api_version, resource["kind"]]
        roots += [resource["schema"], names[api_version, resource["kind"] + "List"]]
    for api_version, kinds in SPOKEN.items():
        roots += [names[api_version, kind] for kind in kinds.split()]
    schemas = reachable(everything, roots)
    for report in discover_defaults(server.call, resources, schemas):
        print(report)
    print(f"{discover_zeros(server.call, resources, schemas)} fields do not keep a zero value")
    null_times(schemas)
    path = arguments.out / f"v{version['major']}.{version['minor']}.json"
    write(path, {"version": version, "resources": resources, "schemas": schemas})
    print(f"{path}: {len(resources)} resources, {len(schemas)} schemas")


if __name__ == "__main__":
    main()
