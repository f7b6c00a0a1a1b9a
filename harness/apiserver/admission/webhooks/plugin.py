"""The two plugins: they find the webhooks for a write, and act on what those answered.

Mutating webhooks are asked one after another, each about what the ones before it made of the
object. When one changes it, the built-in plugins look at it again, and those webhooks that want to
(`reinvocationPolicy: IfNeeded`) are asked once more if somebody else changed it after them.
Validating webhooks are asked all at once, and the first refusal counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ... import documents
from ...patches.json_patch import apply_json_patch
from ...requests import Object, Request
from ...resource import Resource
from ...schema import pruning
from ...state import Plugin, ServerState
from ...status import ApiError
from ..lookups import refused
from .attributes import Attributes, labels_of, review_request, shown
from .hooks import CONFIGURATIONS, ConditionError, Hook, Hooks, Phase
from .reviews import (
    Answer,
    Question,
    ReviewsNeeded,
    internal_error,
    judged,
    operations,
    question,
)

#: Writes of these are never shown to webhooks, so that a broken one can always be taken away.
_EXEMPT = frozenset(CONFIGURATIONS.values())


class Webhooks:
    """Both plugins.

    Args:
        state: Where configurations are stored.
        builtin: The mutating plugins that look again at what a webhook has changed.
    """

    def __init__(self, state: ServerState, builtin: Sequence[Plugin]) -> None:
        self._state = state
        self._builtin = tuple(builtin)
        self._hooks = Hooks(state)

    def mutate(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Let mutating webhooks complete a write, in place.

        Raises:
            ApiError: One refuses it, or fails.
            ReviewsNeeded: One has to be asked first.
        """
        hooks = self._hooks.of("mutating")
        if not hooks or resource.storage_key in _EXEMPT:
            return
        attributes = Attributes(request, resource, new, old)
        changed_by = self._round(hooks, attributes, 0)
        if not changed_by or new is None:
            return
        before = documents.copy(new)
        for plugin in self._builtin:
            plugin(request, resource, new, old)
        last = len(hooks) if new != before else max(changed_by)
        again = [hook for number, hook in enumerate(hooks) if hook.is_reinvoked and number < last]
        self._round(again, attributes, 1)

    def _round(self, hooks: Iterable[Hook], attributes: Attributes, turn: int) -> list[int]:
        """Ask each of them in turn; the numbers of those that changed the object."""
        changed: list[int] = []
        for number, hook in enumerate(hooks):
            target = self._target(hook, attributes)
            if target is None:
                continue
            asked = self._question("mutating", hook, attributes, target, turn)
            response = judged("mutating", asked, _answer(attributes.request, asked))
            patch = operations(asked, response) if response is not None else []
            if patch and attributes.new is not None and _patch(attributes, target, patch):
                changed.append(number)
        return changed

    def validate(
        self, request: Request, resource: Resource, new: Object | None, old: Object | None
    ) -> None:
        """Let validating webhooks judge a write.

        Raises:
            ApiError: One refuses it, or fails.
            ReviewsNeeded: They have to be asked first.
        """
        hooks = self._hooks.of("validating")
        if not hooks or resource.storage_key in _EXEMPT:
            return
        attributes = Attributes(request, resource, new, old)
        asked: list[Question] = []
        for hook in hooks:
            target = self._target(hook, attributes)
            if target is not None:
                asked.append(self._question("validating", hook, attributes, target, 0))
        known = request.reviews or {}
        unknown = [each for each in asked if each.key not in known]
        if unknown:
            raise ReviewsNeeded(unknown)
        for each in asked:
            judged("validating", each, known[each.key])

    def _question(
        self, phase: Phase, hook: Hook, attributes: Attributes, target: Resource, turn: int
    ) -> Question:
        old = (attributes.old or {"metadata": {}})["metadata"]
        base = f"{old.get('uid', '')}@{old.get('resourceVersion', '')}"
        key = (phase, hook.configuration, hook.name, turn, base)
        uid = self._state.entropy.uuid("admission review", attributes.request.seq, *key)
        return question(key, hook, review_request(attributes, target, uid))

    def _target(self, hook: Hook, attributes: Attributes) -> Resource | None:
        """In which version a webhook wants to see a write; None when it does not want to."""
        resource, labels = attributes.resource, attributes.namespace_labels(self._state)
        found = next(
            (
                each
                for each in self._candidates(hook, resource)
                if hook.has_rule(attributes.operation, each, attributes.subresource)
            ),
            None,
        )
        if found is None or (labels is not None and not hook.selects_namespace(labels)):
            return None
        documents_ = (attributes.new, attributes.old)
        if not any(hook.selects_object(labels_of(each)) for each in documents_ if each):
            return None
        return found if self._meets_conditions(hook, attributes, found) else None

    def _candidates(self, hook: Hook, resource: Resource) -> list[Resource]:
        if not hook.wants_equivalents:
            return [resource]
        same = self._state.registry.of_storage(*resource.storage_key)
        return [resource, *(each for each in same if each is not resource)]

    def _meets_conditions(self, hook: Hook, attributes: Attributes, target: Resource) -> bool:
        if not hook.raw.get("matchConditions"):
            return True
        bindings = {
            "object": shown(attributes, target, attributes.new),
            "oldObject": shown(attributes, target, attributes.old),
            "request": review_request(attributes, target, ""),
        }
        try:
            return hook.meets_conditions(bindings)
        except ConditionError as error:
            if not hook.fails_closed:
                return False
            document = attributes.new or attributes.old or {"metadata": {}}
            raise refused(attributes.resource, document, str(error)) from None


def _answer(request: Request, asked: Question) -> Answer:
    known: dict[object, Answer] = request.reviews or {}
    if asked.key not in known:
        raise ReviewsNeeded([asked])
    return known[asked.key]


def _patch(attributes: Attributes, target: Resource, patch: list[Object]) -> bool:
    """Apply a webhook's patch to the new object, in place; whether that changed it."""
    new, resource = attributes.new, attributes.resource
    assert new is not None, "only what is written can be patched"
    result = documents.copy(shown(attributes, target, new))
    for operation in patch:
        result = _applied(result, operation)
    if attributes.subresource == "scale":
        return _scale(attributes, result)
    if target is not resource:
        result = shown(Attributes(attributes.request, target, result, None), resource, result)
    _complete(resource, result)
    if result == new:
        return False
    new.clear()
    new.update(result)
    return True


def _applied(document: Object, operation: Object) -> Object:
    try:
        return apply_json_patch(document, [operation])
    except ApiError:
        kind, path = operation.get("op", ""), operation.get("path", "")
        raise internal_error(
            f'{kind} operation does not apply: doc is missing path: "{path}": missing value'
        ) from None


def _complete(resource: Resource, document: Object) -> None:
    """What comes back is decoded and completed like what a client sends, in place."""
    try:
        resource.strategy.decode(document)
    except ApiError as error:
        raise internal_error(error.message.partition(f"as a {resource.kind}: ")[2]) from None
    pruning.prune(resource.node, document)
    resource.strategy.drop_nulls(document)
    resource.strategy.default(document)


def _scale(attributes: Attributes, scale: Object) -> bool:
    """Take the replicas of a patched Scale over, in place."""
    new, paths = attributes.new, attributes.resource.scale
    assert new is not None, "only what is written can be patched"
    assert paths is not None, "a resource with /scale says where its replicas are"
    path = [part for part in paths.spec_replicas.split(".") if part]
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if documents.lookup(new, path, 0) == replicas:
        return False
    documents.assign(new, path, replicas)
    return True
