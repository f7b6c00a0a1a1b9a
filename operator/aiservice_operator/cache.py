"""What the operator has seen of the cluster: services and their children, fed by watches and by
its own answers.

The cache makes rest free: a resync compares memory with memory and sends nothing. It is never
trusted further than that. It may lag, so before anything is written the service is read live,
deletes carry the uid and version that were seen, and a wrong guess costs one refused request.

Three rules keep it from going backwards. A version never replaces a newer one (resourceVersions
of one cluster are ordered numbers). The end of one incarnation never removes the next. An answer
that arrives after the watch has already told of the object's end is ignored, or a child that is
gone would seem to be there for ever.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from aiservice_operator.kinds import (
    AISERVICE,
    CHILDREN,
    FIELD_MANAGER,
    OWNER_ANNOTATION,
    RELATED,
    Kind,
    Object,
    controller_of,
    dig,
    uid_of,
)
from aiservice_operator.workqueue import Key

Place = tuple[str, str, str]
"""Kind, namespace and name."""

TOMBSTONES_KEPT = 4096
APPLIED_FIRST = {kind.kind: number for number, kind in enumerate(CHILDREN)}


class Cache:
    """Objects by place, and children by the uid of their owner; `changed` is told the service to
    look at.
    """

    def __init__(self, changed: Callable[[Key], None]) -> None:
        self._changed = changed
        self.changes_of_children = 0
        """Grows with each change of what is known of them: the same number, the same children."""
        self._objects: dict[Place, Object] = {}
        self._children: dict[str, dict[Place, None]] = {}
        self._related: dict[Key, dict[Place, None]] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()

    def service(self, key: Key) -> Object | None:
        """The service as last seen."""
        return self._objects.get((AISERVICE.kind, *key))

    def like(self, obj: Object) -> Object | None:
        """The known object with the kind and name of this one, whoever owns it."""
        return self._objects.get(_place(obj))

    def children_of(self, owner_uid: str) -> list[Object]:
        """The children of one incarnation of a service, ordered as `CHILDREN`, then by name."""
        places = sorted(self._children.get(owner_uid, ()), key=_order)
        return [self._objects[place] for place in places]

    def related_to(self, key: Key) -> list[Object]:
        """What others made for a service: its replicas' claims, and the Jobs of its CronJob."""
        places = sorted(self._related.get(key, ()), key=_order)
        return [self._objects[place] for place in places]

    def seen(self, obj: Object) -> None:
        """A watch or a list reports this version of an object."""
        self._gone.pop(uid_of(obj), None)
        self._store(obj)

    def answered(self, obj: Object) -> None:
        """The API answered one of our own requests with this version."""
        if uid_of(obj) not in self._gone:
            self._store(obj)

    def ended(self, obj: Object) -> None:
        """A watch reports the end of an object (or that it left our selection)."""
        self._gone[uid_of(obj)] = None
        while len(self._gone) > TOMBSTONES_KEPT:
            self._gone.popitem(last=False)
        known = self._objects.get(_place(obj))
        if known is not None and uid_of(known) == uid_of(obj):
            self._remove(known)

    def relisted(self, kind: Kind, objects: Iterable[Object], resource_version: str) -> None:
        """A new list of a kind: what it does not hold ended while nobody watched."""
        listed = {_place(obj): obj for obj in objects}
        for place, known in list(self._objects.items()):
            # What we created after the list was taken is newer than the list.
            is_older = _version(known) <= int(resource_version)
            if place[0] == kind.kind and place not in listed and is_older:
                self.ended(known)
        for obj in listed.values():
            self.seen(obj)

    def _store(self, obj: Object) -> None:
        place = _place(obj)
        known = self._objects.get(place)
        if known is not None:
            if _version(obj) <= _version(known):
                return
            self._remove(known)
        self._objects[place] = obj
        for uid in _owner_uids(obj):
            self._children.setdefault(uid, {})[place] = None
        if (key := _relative(obj)) is not None:
            self._related.setdefault(key, {})[place] = None
        self._tell(obj)

    def _remove(self, known: Object) -> None:
        place = _place(known)
        del self._objects[place]
        for uid in _owner_uids(known):
            self._children[uid].pop(place, None)
            if not self._children[uid]:
                del self._children[uid]
        if (key := _relative(known)) is not None:
            self._related[key].pop(place, None)
            if not self._related[key]:
                del self._related[key]
        self._tell(known)

    def _tell(self, obj: Object) -> None:
        namespace = obj["metadata"]["namespace"]
        if obj["kind"] == AISERVICE.kind:
            self._changed((namespace, obj["metadata"]["name"]))
            return
        self.changes_of_children += 1
        controller = controller_of(obj)
        if controller is not None and controller["kind"] == AISERVICE.kind:
            self._changed((namespace, controller["name"]))
        elif (noted := _noted_owner(obj)) is not None:
            self._changed((namespace, noted[0]))
        elif (key := _relative(obj)) is not None:
            self._changed(key)


def _place(obj: Object) -> Place:
    return obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]


def _relative(obj: Object) -> Key | None:
    """The service that an object of a related kind is for, by its label."""
    if obj["kind"] not in RELATED:
        return None
    labels = dig(obj, "metadata", "labels", default={})
    return (obj["metadata"]["namespace"], labels["app"]) if "app" in labels else None


def _order(place: Place) -> tuple[int, str, str]:
    return APPLIED_FIRST[place[0]], place[1], place[2]


def _version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])


def _noted_owner(obj: Object) -> tuple[str, str] | None:
    """Name and uid of the owner from our annotation, for a child without controller that we have
    applied.

    A copy that someone made of a child carries the annotation, but not our entry in managedFields.
    """
    note = dig(obj, "metadata", "annotations", OWNER_ANNOTATION, default="")
    name, _, uid = note.partition("/")
    managers = dig(obj, "metadata", "managedFields", default=[])
    ours = any(entry.get("manager") == FIELD_MANAGER for entry in managers)
    return (name, uid) if uid and ours else None


def _owner_uids(obj: Object) -> list[str]:
    """The uid of the controller; for a child whose references were stripped, of the owner it was
    made for.
    """
    controller = controller_of(obj)
    if controller is not None:
        return [controller["uid"]]
    noted = _noted_owner(obj)
    return [noted[1]] if noted else []
