"""Nobody gives rights that he does not have: checked when roles and bindings are written.

Who may `escalate` a role or `bind` it is free to do so. Everybody else must hold each single
permission (one verb on one resource) that the write would give; the refusal lists what is missing.
Source: Kubernetes "Privilege escalation prevention and bootstrapping".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from .authorization import MASTERS, RBAC, Authorizer
from .requests import Object, Request, RequestInfo, UserInfo
from .resource import Resource
from .status import ApiError, forbidden, not_found

ROLES = ("roles", "clusterroles")
BINDINGS = ("rolebindings", "clusterrolebindings")


class Permission(NamedTuple):
    """One thing that can be allowed; `path` is set for non-resource paths only."""

    group: str
    resource: str
    name: str
    path: str
    verb: str


class EscalationCheck:
    """Admission of roles and bindings.

    Args:
        authorizer: Knows what the writer may do.
    """

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def __call__(
        self, request: Request, resource: Resource, new: Object, old: Object | None
    ) -> None:
        """Refuse a write that would give more than the writer has.

        Raises:
            ApiError: 403; 404 for a binding to a role that is not there.
        """
        user = request.user
        if resource.group != RBAC or user is None or MASTERS in user.groups:
            return
        if resource.plural in ROLES:
            self._check_role(user, resource, new, old)
        elif resource.plural in BINDINGS:
            self._check_binding(user, resource, new, old)

    def _check_role(
        self, user: UserInfo, resource: Resource, new: Object, old: Object | None
    ) -> None:
        watched = ("rules", "aggregationRule")
        if old is not None and all(new.get(field) == old.get(field) for field in watched):
            return
        meta = new["metadata"]
        name, namespace = meta.get("name", ""), meta.get("namespace", "")
        if self._may(user, "escalate", resource.plural, namespace, name):
            return
        if new.get("aggregationRule"):
            why = "must have cluster-admin privileges to use the aggregationRule"
            raise _refused(resource, name, why)
        self._check_held(user, resource, name, namespace, new.get("rules") or [])

    def _check_binding(
        self, user: UserInfo, resource: Resource, new: Object, old: Object | None
    ) -> None:
        watched = ("roleRef", "subjects")
        if old is not None and all(new.get(field) == old.get(field) for field in watched):
            return
        meta, reference = new["metadata"], new.get("roleRef") or {}
        namespace, role_name = meta.get("namespace", ""), reference.get("name", "")
        plural = "clusterroles" if reference.get("kind") == "ClusterRole" else "roles"
        if self._may(user, "bind", plural, namespace, role_name):
            return
        role = self._authorizer.role(plural, namespace, role_name)
        if role is None:
            raise not_found(resource.plural, role_name, resource.group)
        rules = self._authorizer.role_rules(role)
        self._check_held(user, resource, meta.get("name", ""), namespace, rules)

    def _may(self, user: UserInfo, verb: str, plural: str, namespace: str, name: str) -> bool:
        info = RequestInfo(verb, RBAC, "v1", plural, namespace=namespace, name=name)
        return self._authorizer.allows(user, info)

    def _check_held(
        self, user: UserInfo, resource: Resource, name: str, namespace: str, rules: list[Object]
    ) -> None:
        missing = sorted(
            {
                permission
                for rule in rules
                for permission in _permissions(rule)
                if not self._holds(user, namespace, permission)
            }
        )
        if missing:
            groups = ", ".join(json.dumps(group) for group in user.groups)
            why = (
                f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions '
                f"not currently held:\n{_listed(missing)}"
            )
            raise _refused(resource, name, why)

    def _holds(self, user: UserInfo, namespace: str, wanted: Permission) -> bool:
        if wanted.path:
            return self._authorizer.allows_path(user, wanted.verb, wanted.path)
        plural, _, subresource = wanted.resource.partition("/")
        info = RequestInfo(
            wanted.verb, wanted.group, "", plural, subresource, namespace, wanted.name
        )
        return self._authorizer.allows(user, info)


def _permissions(rule: Object) -> Iterator[Permission]:
    """A rule taken apart."""
    verbs = rule.get("verbs") or []
    names = rule.get("resourceNames") or [""]
    for group, resource, name, verb in product(
        rule.get("apiGroups") or [], rule.get("resources") or [], names, verbs
    ):
        yield Permission(group, resource, name, "", verb)
    for path, verb in product(rule.get("nonResourceURLs") or [], verbs):
        yield Permission("", "", "", path, verb)


def _listed(missing: list[Permission]) -> str:
    """Permissions as upstream prints them, verbs on the same thing together."""
    verbs: dict[tuple[str, str, str, str], list[str]] = {}
    for permission in missing:
        verbs.setdefault(permission[:4], []).append(permission.verb)
    return "\n".join(sorted(_line(*about, verbs=verbs[about]) for about in verbs))


def _line(group: str, resource: str, name: str, path: str, verbs: list[str]) -> str:
    quoted = " ".join(f'"{verb}"' for verb in verbs)
    if path:
        return f'{{NonResourceURLs:["{path}"], Verbs:[{quoted}]}}'
    only = f', ResourceNames:["{name}"]' if name else ""
    return f'{{APIGroups:["{group}"], Resources:["{resource}"]{only}, Verbs:[{quoted}]}}'


def _refused(resource: Resource, name: str, why: str) -> ApiError:
    words = f'{resource.qualified} "{name}" is forbidden: {why}'
    return forbidden(words, resource.plural, name, resource.group)
