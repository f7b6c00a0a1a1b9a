"""The store keeps every version down to compaction, in one order."""

from __future__ import annotations

from typing import Any

import pytest

from harness.apiserver.store import FIRST_VERSION, Store, Version
from harness.apiserver.views import View

THINGS = ("example.com", "things")


def commit(
    store: Store, name: str, value: int, event: Any = "ADDED", namespace: str = "n"
) -> Version:
    document = {"metadata": {"name": name, "namespace": namespace}, "value": value}
    return store.commit(THINGS, (namespace, name), event, document)


def values(view: View, rv: int | None = None, namespace: str = "") -> list[int]:
    reading = view.read(THINGS, namespace=namespace, rv=rv)
    return [reading.version(key).document["value"] for key in reading.keys]


def test_one_counter_numbers_all_commits() -> None:
    store = Store()
    first = commit(store, "a", 1)
    second = store.commit(("", "others"), ("", "x"), "ADDED", {"metadata": {"name": "x"}})
    assert (first.rv, second.rv) == (FIRST_VERSION + 1, FIRST_VERSION + 2)
    assert second.document["metadata"]["resourceVersion"] == str(second.rv)


def test_an_object_can_be_read_as_it_was() -> None:
    store = Store()
    first = commit(store, "a", 1)
    commit(store, "a", 2, "MODIFIED")
    found = store.collection(THINGS).get_at(("n", "a"), first.rv)
    assert found is first


def test_a_list_can_be_read_as_it_was_deletions_included() -> None:
    store = Store()
    view = View(store)
    commit(store, "a", 1)
    before = commit(store, "b", 2).rv
    commit(store, "b", 2, "DELETED")
    commit(store, "c", 3)
    commit(store, "a", 4, "MODIFIED")
    assert values(view, rv=before) == [1, 2]
    assert values(view) == [4, 3]


def test_a_list_of_one_namespace_leaves_out_neighbours_with_a_common_prefix() -> None:
    store = Store()
    view = View(store)
    commit(store, "a", 1, namespace="n")
    commit(store, "a", 2, namespace="n-2")
    commit(store, "a", 3, namespace="m")
    assert values(view, namespace="n") == [1]


def test_compaction_forgets_what_only_older_versions_show() -> None:
    store = Store()
    commit(store, "a", 1)
    second = commit(store, "a", 2, "MODIFIED")
    third = commit(store, "a", 3, "MODIFIED")
    store.compact(second.rv)
    assert second.previous is None
    assert store.collection(THINGS).get_at(("n", "a"), second.rv) is second
    assert store.collection(THINGS).since(0) == [third]


def test_compaction_forgets_tombstones() -> None:
    store = Store()
    commit(store, "a", 1)
    gone = commit(store, "a", 1, "DELETED")
    store.compact(gone.rv)
    assert store.collection(THINGS).newest(("n", "a")) is None


def test_history_is_bounded() -> None:
    store = Store(history_limit=40)
    for value in range(1000):
        commit(store, "a", value, "MODIFIED" if value else "ADDED")
    assert len(store.collection(THINGS).log) <= 40
    assert store.compacted > 900


def test_a_commit_made_while_listeners_are_told_is_told_afterwards() -> None:
    store = Store()
    told: list[tuple[str, int]] = []

    def commits_once(version: Version) -> None:
        told.append(("first", version.rv))
        if version.document["value"] == 1:
            commit(store, "b", 2)

    store.on_commit(commits_once)
    store.on_commit(lambda version: told.append(("second", version.rv)))
    rv = commit(store, "a", 1).rv
    assert told == [("first", rv), ("second", rv), ("first", rv + 1), ("second", rv + 1)]


class Watched:
    """Notes what a watcher of one view is told."""

    def __init__(self, view: View, namespace: str = "", name: str = "") -> None:
        self.rvs: list[int] = []
        self.stop = view.watch(THINGS, (namespace, name), lambda v: self.rvs.append(v.rv))


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        pytest.param("", "", [2, 3, 4], id="everything"),
        pytest.param("n", "", [2, 3], id="one namespace"),
        pytest.param("", "a", [2, 4], id="one name everywhere"),
        pytest.param("n", "a", [2], id="one object"),
    ],
)
def test_a_watcher_is_woken_only_by_what_it_may_see(
    namespace: str, name: str, expected: list[int]
) -> None:
    store = Store()
    watched = Watched(View(store), namespace, name)
    commit(store, "a", 1)
    commit(store, "b", 1)
    commit(store, "a", 1, namespace="m")
    assert watched.rvs == expected


def test_a_stopped_watcher_is_told_nothing_more() -> None:
    store = Store()
    watched = Watched(View(store))
    commit(store, "a", 1)
    watched.stop()
    commit(store, "b", 1)
    assert watched.rvs == [2]


def test_a_held_view_shows_the_past_and_catches_up_in_order() -> None:
    store = Store()
    stale, current = View(store), View(store)
    commit(store, "a", 1)
    stale.hold()
    watched = Watched(stale)
    commit(store, "a", 2, "MODIFIED")
    commit(store, "b", 3)
    assert (values(stale), values(current), watched.rvs) == ([1], [2, 3], [])
    stale.advance(3)
    assert (values(stale), watched.rvs) == ([2], [3])
    stale.follow()
    commit(store, "c", 4)
    assert (values(stale), watched.rvs) == ([2, 3, 4], [3, 4, 5])
