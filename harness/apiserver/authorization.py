"""Who may: RBAC over the roles and bindings in the store.

Rules are gathered per subject when something in the RBAC group has changed, and asked in order.
A ClusterRole with an `aggregationRule` has the rules of the roles that it selects, at once.
`system:masters` may everything. Source: Kubernetes "Using RBAC Authorization".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .label_selectors import label_selector
from .requests import Object, Request, RequestInfo, UserInfo
from .state import ServerState
from .status import ApiError, forbidden
from .store import Version

RBAC = "rbac.authorization.k8s.io"
MASTERS = "system:masters"
_SERVICE_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Rule:
    """A `PolicyRule`, ready to be asked."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    names: frozenset[str]
    paths: tuple[str, ...]
    source: Object

    def allows(self, info: RequestInfo) -> bool:
        """Whether the rule covers a resource request."""
        if not (info.verb in self.verbs or "*" in self.verbs):
            return False
        if not (info.group in self.groups or "*" in self.groups):
            return False
        if self.names and info.name not in self.names:
            return False
        if "*" in self.resources:
            return True
        if info.subresource:
            combined = f"{info.resource}/{info.subresource}"
            return combined in self.resources or f"*/{info.subresource}" in self.resources
        return info.resource in self.resources

    def allows_path(self, verb: str, path: str) -> bool:
        """Whether the rule covers a request for a non-resource path."""
        if not (verb in self.verbs or "*" in self.verbs):
            return False
        return any(
            path == known or (known.endswith("*") and path.startswith(known[:-1]))
            for known in self.paths
        )


def _rule(source: Object) -> Rule:
    return Rule(
        frozenset(source.get("verbs") or ()),
        frozenset(source.get("apiGroups") or ()),
        frozenset(source.get("resources") or ()),
        frozenset(source.get("resourceNames") or ()),
        tuple(source.get("nonResourceURLs") or ()),
        source,
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """Rules that a binding gives to a subject; everywhere when `namespace` is empty."""

    namespace: str
    rules: tuple[Rule, ...]


Subject = tuple[str, str]  # User or Group, name


class Authorizer:
    """Answers what a user may do."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._grants: dict[Subject, list[Grant]] | None = None
        state.store.on_commit(self._committed)

    def _committed(self, version: Version) -> None:
        if version.storage_key[0] == RBAC:
            self._grants = None

    def check(self, request: Request) -> None:
        """Refuse what the user of a request may not do.

        Raises:
            ApiError: 403, worded as the real server does.
        """
        assert request.user is not None
        assert request.info is not None
        info, user = request.info, request.user
        if not info.resource:
            if not self.allows_path(user, info.verb, request.path):
                words = f'forbidden: User "{user.name}" cannot {info.verb} path "{request.path}"'
                raise ApiError(403, "Forbidden", words, details={})
        elif not self.allows(user, info):
            raise denied(user, info)

    def allows(self, user: UserInfo, info: RequestInfo) -> bool:
        """Whether a user may do something to a resource."""
        if MASTERS in user.groups:
            return True
        return any(
            rule.allows(info)
            for grant in self._of(user)
            if grant.namespace in ("", info.namespace)
            for rule in grant.rules
        )

    def allows_path(self, user: UserInfo, verb: str, path: str) -> bool:
        """Whether a user may ask for a non-resource path."""
        if MASTERS in user.groups:
            return True
        return any(
            rule.allows_path(verb, path)
            for grant in self._of(user)
            if not grant.namespace
            for rule in grant.rules
        )

    def rules(self, user: UserInfo, namespace: str) -> list[Object]:
        """All rules that hold for a user in a namespace, as they were written."""
        return [
            rule.source
            for grant in self._of(user)
            if grant.namespace in ("", namespace)
            for rule in grant.rules
        ]

    def _of(self, user: UserInfo) -> Iterator[Grant]:
        if self._grants is None:
            self._grants = self._gather()
        for subject in (("User", user.name), *(("Group", group) for group in user.groups)):
            yield from self._grants.get(subject, ())

    def _gather(self) -> dict[Subject, list[Grant]]:
        grants: dict[Subject, list[Grant]] = {}
        for plural in ("clusterrolebindings", "rolebindings"):
            collection = self._state.store.collection((RBAC, plural))
            for key in collection.sorted_keys():
                version = collection.get(key)
                assert version is not None
                grant = Grant(key[0], self._rules_of(version.document["roleRef"], key[0]))
                for subject in version.document.get("subjects") or ():
                    grants.setdefault(_subject(subject), []).append(grant)
        return grants

    def _rules_of(self, reference: Object, namespace: str) -> tuple[Rule, ...]:
        """The rules behind a `roleRef`; none when the role does not exist (yet)."""
        plural = "clusterroles" if reference.get("kind") == "ClusterRole" else "roles"
        role = self.role(plural, namespace, reference.get("name", ""))
        return tuple(_rule(source) for source in self.role_rules(role)) if role else ()

    def role(self, plural: str, namespace: str, name: str) -> Object | None:
        """A role (or ClusterRole, by its plural) as it is stored."""
        key = (namespace if plural == "roles" else "", name)
        version = self._state.store.collection((RBAC, plural)).get(key)
        return version.document if version is not None else None

    def role_rules(self, role: Object) -> list[Object]:
        """The rules of a role, those that it aggregates included."""
        aggregation = role.get("aggregationRule")
        if not aggregation:
            return list(role.get("rules") or ())
        selectors = [label_selector(each) for each in aggregation["clusterRoleSelectors"]]
        collection = self._state.store.collection((RBAC, "clusterroles"))
        rules: list[Object] = []
        for key in collection.sorted_keys():
            version = collection.get(key)
            assert version is not None
            labels = version.document["metadata"].get("labels") or {}
            if key[1] != role["metadata"]["name"] and any(s(labels) for s in selectors):
                rules += [r for r in self.role_rules(version.document) if r not in rules]
        return rules


def _subject(subject: Object) -> Subject:
    if subject.get("kind") == "ServiceAccount":
        return "User", f"{_SERVICE_ACCOUNT}{subject.get('namespace', '')}:{subject['name']}"
    return subject.get("kind", ""), subject.get("name", "")


def denied(user: UserInfo, info: RequestInfo) -> ApiError:
    """The 403 for a resource request, in upstream's words."""
    what = f"{info.resource}.{info.group}" if info.group else info.resource
    if info.name:
        what += f' "{info.name}"'
    resource = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    where = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
    words = (
        f'{what} is forbidden: User "{user.name}" cannot {info.verb} resource "{resource}" in API '
        f'group "{info.group}" {where}'
    )
    return forbidden(words, info.resource, info.name, info.group)
