"""Role, ClusterRole, RoleBinding, ClusterRoleBinding.

Source: Kubernetes "Using RBAC Authorization"; k8s.io/kubernetes `pkg/apis/rbac/validation`.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..names import dns_subdomain, path_segment
from ..requests import Object
from ..status import FieldError, invalid_value, not_supported, required
from .checks import IMMUTABLE, selector_errors
from .common import BuiltinStrategy

GROUP = "rbac.authorization.k8s.io"


def _rule_errors(rules: Iterable[Object], *, namespaced: bool) -> list[FieldError]:
    errors: list[FieldError] = []
    for index, rule in enumerate(rules):
        errors += _one_rule(rule, f"rules[{index}]", namespaced=namespaced)
    return errors


def _one_rule(rule: Object, at: str, *, namespaced: bool) -> list[FieldError]:
    errors = [] if rule.get("verbs") else [required(f"{at}.verbs")]
    addresses = rule.get("nonResourceURLs")
    if addresses:
        words = ""
        if namespaced:
            words = "namespaced rules cannot apply to non-resource URLs"
        elif any(rule.get(field) for field in ("apiGroups", "resources", "resourceNames")):
            words = "rules cannot apply to both regular resources and non-resource URLs"
        return [
            *errors,
            *([invalid_value(f"{at}.nonResourceURLs", addresses, words)] if words else []),
        ]
    if not rule.get("apiGroups"):
        words = "resource rules must supply at least one api group"
        errors.append(required(f"{at}.apiGroups", words))
    if not rule.get("resources"):
        words = "resource rules must supply at least one resource"
        errors.append(required(f"{at}.resources", words))
    return errors


class _RuledStrategy(BuiltinStrategy):
    """What roles share: an empty list of rules is kept as none, but was said by somebody.

    The field is always there, so that who sends an empty list owns it; see `track_update`.
    """

    def decode(self, document: Object) -> None:
        """As all kinds, but an empty list of rules stays until its owner is known."""
        empty = document.get("rules") == []
        super().decode(document)
        if empty:
            document["rules"] = []

    def prepare_create(self, document: Object) -> None:
        """An empty list is none."""
        super().prepare_create(document)
        document["rules"] = document.get("rules") or None

    def prepare_update(self, new: Object, old: Object) -> None:
        """An empty list is none."""
        super().prepare_update(new, old)
        new["rules"] = new.get("rules") or None


class RoleStrategy(_RuledStrategy):
    """Hooks of Role."""

    def check(self, document: Object) -> list[FieldError]:
        """Every rule names verbs and resources."""
        return _rule_errors(document.get("rules") or (), namespaced=True)


class ClusterRoleStrategy(_RuledStrategy):
    """Hooks of ClusterRole."""

    def check(self, document: Object) -> list[FieldError]:
        """Every rule names verbs and resources or paths; aggregation names roles."""
        errors = _rule_errors(document.get("rules") or (), namespaced=False)
        aggregation = document.get("aggregationRule")
        if aggregation is None:
            return errors
        path = "aggregationRule.clusterRoleSelectors"
        selectors = aggregation.get("clusterRoleSelectors") or []
        if not selectors:
            words = "at least one clusterRoleSelector required if aggregationRule is non-nil"
            errors.append(required(path, words))
        for index, selector in enumerate(selectors):
            errors += selector_errors(selector, f"{path}[{index}]")
        return errors


class BindingStrategy(BuiltinStrategy):
    """Hooks of RoleBinding."""

    #: What a binding may refer to.
    kinds: tuple[str, ...] = ("Role", "ClusterRole")

    def complete(self, document: Object) -> None:
        """Users and groups belong to RBAC, as the role does; accounts go to this namespace."""
        reference = document.setdefault("roleRef", {})
        reference.setdefault("apiGroup", GROUP)
        for subject in document.get("subjects") or ():
            if subject.get("kind") in ("User", "Group"):
                subject.setdefault("apiGroup", GROUP)

    def check(self, document: Object) -> list[FieldError]:
        """The role and every subject."""
        errors = self._role_errors(document.get("roleRef") or {})
        for index, subject in enumerate(document.get("subjects") or ()):
            errors += self._subject_errors(subject, f"subjects[{index}]")
        return errors

    def _role_errors(self, reference: Object) -> list[FieldError]:
        errors: list[FieldError] = []
        if reference.get("apiGroup", "") != GROUP:
            errors.append(
                not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (GROUP,))
            )
        if reference.get("kind", "") not in self.kinds:
            errors.append(not_supported("roleRef.kind", reference.get("kind", ""), self.kinds))
        name = reference.get("name", "")
        if not name:
            return [*errors, required("roleRef.name")]
        return errors + [invalid_value("roleRef.name", name, words) for words in path_segment(name)]

    def _subject_errors(self, subject: Object, at: str) -> list[FieldError]:
        kind, name = subject.get("kind", ""), subject.get("name", "")
        errors = [] if name else [required(f"{at}.name")]
        if kind not in ("ServiceAccount", "User", "Group"):
            allowed = ("ServiceAccount", "User", "Group")
            return [*errors, not_supported(f"{at}.kind", kind, allowed)]
        group = subject.get("apiGroup", "")
        wanted = "" if kind == "ServiceAccount" else GROUP
        if kind == "ServiceAccount":
            if name:
                errors += [invalid_value(f"{at}.name", name, c) for c in dns_subdomain(name)]
            if self.kinds == ("ClusterRole",) and not subject.get("namespace"):
                errors.append(required(f"{at}.namespace"))
        if group != wanted:
            errors.append(not_supported(f"{at}.apiGroup", group, (wanted,)))
        return errors

    def compare(self, new: Object, old: Object) -> list[FieldError]:
        """A binding stays with its role."""
        now, before = new.get("roleRef") or {}, old.get("roleRef") or {}
        if now == before:
            return []
        shown = {
            "APIGroup": now.get("apiGroup", ""),
            "Kind": now.get("kind", ""),
            "Name": now.get("name", ""),
        }
        return [invalid_value("roleRef", shown, IMMUTABLE)]


class ClusterBindingStrategy(BindingStrategy):
    """Hooks of ClusterRoleBinding."""

    kinds = ("ClusterRole",)
