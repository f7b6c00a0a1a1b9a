"""Which groups, versions and resources there are, in the forms that clients ask for.

Source: Kubernetes "The Kubernetes API", discovery; `k8s.io/apimachinery` APIResourceList,
`k8s.io/api/apidiscovery` APIGroupDiscoveryList.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from ..resource import Resource
from ..schema.facts import facts

Json = dict[str, Any]
Resources = Sequence[Resource]

_CUSTOM_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_CUSTOM_SUBRESOURCE_VERBS = ("get", "patch", "update")
_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


def group_names(resources: Resources) -> list[str]:
    """Named groups, in the order of the registry."""
    return list(dict.fromkeys(each.group for each in resources if each.group))


def versions_of(resources: Resources, group: str) -> list[str]:
    """Versions of a group, the preferred one first."""
    found = dict.fromkeys(each.version for each in resources if each.group == group)
    return sorted(found, key=version_rank)


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Sort key of versions: stable before beta before alpha, higher first, other names last."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return (3, 0, 0, version)
    major, stage, minor = match.groups()
    return ({None: 0, "beta": 1, "alpha": 2}[stage], -int(major), -int(minor or 0), "")


def root_paths(resources: Resources) -> Json:
    """GET `/`: where to look on."""
    paths = ["/api", "/api/v1", "/apis"]
    for group in group_names(resources):
        versions = [f"/apis/{group}/{version}" for version in versions_of(resources, group)]
        paths += [f"/apis/{group}", *versions]
    others = ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
    return {"paths": sorted(paths) + others}


def core_versions() -> Json:
    """GET `/api`."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def _group(resources: Resources, name: str) -> Json:
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for version in versions_of(resources, name)
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def group_list(resources: Resources) -> Json:
    """GET `/apis`."""
    groups = [_group(resources, name) for name in group_names(resources)]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def one_group(resources: Resources, name: str) -> Json:
    """GET `/apis/GROUP`."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(resources, name)}


@cache
def _rows() -> dict[tuple[str, str, str], Json]:
    """Facts of built-in resources by (group, version, plural)."""
    return {(row["group"], row["version"], row["plural"]): row for row in facts()["resources"]}


def _row_of(resource: Resource) -> Json:
    return _rows().get((resource.group, resource.version, resource.plural), {})


def _subresources(resource: Resource) -> list[Json]:
    """Name, kind and verbs of each served subresource; group and version where they differ."""
    found: list[Json] = []
    for name in resource.subresources:
        if resource.custom:
            row: Json = {"kind": resource.kind, "verbs": list(_CUSTOM_SUBRESOURCE_VERBS)}
            if name == "scale":
                row |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        else:
            row = _row_of(resource).get("subresources", {}).get(name, {})
        if row:
            found.append({"name": name, **row})
    return found


def _verbs(resource: Resource) -> list[str]:
    return list(_CUSTOM_VERBS if resource.custom else resource.verbs)


def storage_version_hash(resource: Resource) -> str:
    """What changes when objects are stored in another version."""
    text = f"{resource.group}/{resource.version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def resource_list(resources: Resources, group: str, version: str) -> Json:
    """GET `/api/v1` or `/apis/GROUP/VERSION`."""
    rows: list[Json] = []
    for resource in resources:
        if (resource.group, resource.version) == (group, version):
            rows += _plain_rows(resource)
    api_version = f"{group}/{version}" if group else version
    head = {"kind": "APIResourceList", **({"apiVersion": "v1"} if group else {})}
    return {**head, "groupVersion": api_version, "resources": rows}


def _plain_rows(resource: Resource) -> list[Json]:
    main: Json = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": _verbs(resource),
    }
    if resource.short_names:
        main["shortNames"] = list(resource.short_names)
    if resource.categories:
        main["categories"] = list(resource.categories)
    if "list" in resource.verbs:
        main["storageVersionHash"] = storage_version_hash(resource)
    return [main, *(_plain_subresource(resource, row) for row in _subresources(resource))]


def _plain_subresource(resource: Resource, row: Json) -> Json:
    foreign = {key: row[key] for key in ("group", "version") if row.get(key)}
    return {
        "name": f"{resource.plural}/{row['name']}",
        "singularName": "",
        "namespaced": resource.namespaced,
        **foreign,
        "kind": row["kind"],
        "verbs": row["verbs"],
    }


def aggregated(resources: Resources, form: str, *, core: bool) -> Json:
    """GET `/api` or `/apis` as an APIGroupDiscoveryList of version `form`."""
    names = [""] if core else group_names(resources)
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{form}",
        "metadata": {},
        "items": [_aggregated_group(resources, name) for name in names],
    }


def _aggregated_group(resources: Resources, name: str) -> Json:
    versions = []
    for version in versions_of(resources, name):
        served = [each for each in resources if (each.group, each.version) == (name, version)]
        rows = [_aggregated_row(each) for each in sorted(served, key=lambda each: each.plural)]
        versions.append({"version": version, "resources": rows, "freshness": "Current"})
    return {"metadata": {"name": name} if name else {}, "versions": versions}


def _aggregated_row(resource: Resource) -> Json:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    row: Json = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": _verbs(resource),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    below = [_aggregated_subresource(resource, each) for each in _subresources(resource)]
    if below:
        row["subresources"] = below
    return row


def _aggregated_subresource(resource: Resource, row: Json) -> Json:
    group = row.get("group") or ("" if row["kind"] == "Binding" else resource.group)
    kind = {"group": group, "version": row.get("version") or resource.version, "kind": row["kind"]}
    return {"subresource": row["name"], "responseKind": kind, "verbs": row["verbs"]}
