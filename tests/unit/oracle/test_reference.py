"""likeReference: end states compared by owner path and role."""

from __future__ import annotations

from typing import Any

from harness.oracle.reference import differences, judge_reference, role_of, snapshot
from tests.support.history import History, thing


def cluster(letters: str, *, image: str = "x:1", pods: int = 1, **pod: Any) -> History:
    """A service with its workload; `letters` are in all that is generated or drawn."""
    history = History()
    service = thing("AIService", "demo", uid=f"s-{letters}")
    workload = thing(
        "Deployment", "demo", uid=f"d-{letters}", owners=[service], spec={"image": image}
    )
    labels = {"pod-template-hash": letters}
    replicas = thing(
        "ReplicaSet",
        f"demo-{letters}",
        uid=f"r-{letters}",
        owners=[workload],
        labels=labels,
        spec={"replicas": pods},
    )
    for document in (service, workload, replicas):
        history.write(document)
    for number in range(pods):
        name = f"demo-{letters}-{number}{letters}"
        history.write(
            thing(
                "Pod",
                name,
                owners=[replicas],
                labels=labels,
                generateName=f"demo-{letters}-",
                **pod,
            )
        )
    return history


def compare(one: History, other: History) -> list[str]:
    return list(differences(snapshot(one.state, "case"), snapshot(other.state, "case")))


def test_names_and_uids_that_are_drawn_make_no_difference() -> None:
    assert compare(cluster("abc"), cluster("xyz")) == []


def test_roles_are_told_by_the_path_of_owners() -> None:
    history = cluster("abc")
    roles = [role_of(history.state, document) for _, document in history.state.objects()]
    assert sorted(roles) == [
        "AIService/demo",
        "AIService/demo > Deployment/demo",
        "AIService/demo > Deployment/demo > ReplicaSet/demo",
        "AIService/demo > Deployment/demo > ReplicaSet/demo > Pod/demo-*",
    ]


def test_a_field_that_differs_is_told_with_its_role() -> None:
    assert compare(cluster("abc"), cluster("xyz", image="x:2")) == [
        'AIService/demo > Deployment/demo.spec.image: "x:1" without faults, "x:2" here'
    ]


def test_an_object_too_many_is_told() -> None:
    (difference,) = compare(cluster("abc"), cluster("xyz", pods=2))[:1]
    assert "ReplicaSet/demo.spec.replicas: 1 without faults, 2 here" in difference


def test_what_is_missing_here_is_told() -> None:
    other = cluster("xyz")
    other.delete(other.state.objects("Pod")[0][1])
    (difference,) = compare(cluster("abc"), other)
    assert difference.endswith("Pod/demo-*: 1 without faults, 0 here")


def test_times_restarts_and_places_are_masked() -> None:
    def status(seconds: int) -> dict[str, Any]:
        return {
            "startTime": f"2026-01-01T00:00:0{seconds}Z",
            "podIP": f"10.0.0.{seconds}",
            "containerStatuses": [{"name": "a", "restartCount": seconds, "ready": True}],
        }

    assert compare(cluster("abc", status=status(1)), cluster("abc", status=status(2))) == []


def test_replica_sets_of_earlier_revisions_do_not_count() -> None:
    other = cluster("xyz")
    other.write(thing("ReplicaSet", "demo-old", spec={"replicas": 0}))
    assert compare(cluster("abc"), other) == []


def test_events_and_terminating_objects_do_not_count() -> None:
    other = cluster("xyz")
    other.write(thing("Event", "demo.1"))
    other.write(thing("Pod", "leaving", terminating=True))
    assert compare(cluster("abc"), other) == []


def endpoint(*, terminating: bool) -> dict[str, Any]:
    return {"conditions": {"ready": not terminating, "terminating": terminating}}


def test_endpoints_of_terminating_pods_do_not_count() -> None:
    one, other = cluster("abc"), cluster("xyz")
    lasting, leaving = endpoint(terminating=False), endpoint(terminating=True)
    one.write(thing("EndpointSlice", "demo-1", endpoints=[lasting]))
    other.write(thing("EndpointSlice", "demo-1", endpoints=[leaving, lasting]))
    other.write(thing("EndpointSlice", "demo-of-the-old-port", endpoints=[leaving]))
    assert compare(one, other) == []


def test_a_slice_without_endpoints_counts() -> None:
    other = cluster("xyz")
    other.write(thing("EndpointSlice", "demo-1", endpoints=[]))
    assert compare(cluster("abc"), other) == ["EndpointSlice/demo-1: 0 without faults, 1 here"]


def test_the_judgement_tells_what_was_masked() -> None:
    judgement = judge_reference(
        cluster("x", image="x:2").view, snapshot(cluster("y").state, "case")
    )
    assert judgement.message.startswith(
        "not as without faults: AIService/demo > Deployment/demo.spec"
    )
    assert "(masked: identity, generation, revision counters," in judgement.message


def test_an_equal_state_holds() -> None:
    assert judge_reference(cluster("x").view, snapshot(cluster("y").state, "case")).holds


def condition(type_: str, message: str) -> dict[str, str]:
    return {
        "type": type_,
        "status": "True",
        "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


def test_conditions_are_compared_by_type_and_without_their_messages() -> None:
    one = [condition("Ready", "pod demo-abc-1"), condition("Progressing", "done")]
    other = [condition("Progressing", "done"), condition("Ready", "pod demo-xyz-2")]
    assert (
        compare(
            cluster("abc", status={"conditions": one}), cluster("abc", status={"conditions": other})
        )
        == []
    )


def test_a_condition_that_is_not_the_same_makes_a_difference() -> None:
    one, other = condition("Ready", ""), {**condition("Ready", ""), "status": "False"}
    (difference,) = compare(
        cluster("abc", status={"conditions": [one]}), cluster("abc", status={"conditions": [other]})
    )
    assert 'status: "True" without faults, "False" here' in difference


def test_names_of_token_volumes_make_no_difference() -> None:
    def spec(letters: str) -> dict[str, Any]:
        return {"volumes": [{"name": f"kube-api-access-{letters}"}]}

    assert compare(cluster("abc", spec=spec("abcde")), cluster("abc", spec=spec("vwxyz"))) == []


def test_a_uid_inside_a_text_makes_no_difference() -> None:
    def annotated(letter: str) -> dict[str, Any]:
        uid = "-".join(letter * length for length in (8, 4, 4, 4, 12))
        return {"spec": {"owner": f"demo/{uid}"}}

    assert compare(cluster("abc", **annotated("a")), cluster("abc", **annotated("b"))) == []


def test_what_a_kubelet_reads_back_of_its_node_is_masked() -> None:
    """On kind it has told a limit of 9007199254740988Ki, in one of two equal runs."""
    read = {"limits": {"memory": "9007199254740988Ki"}}
    status = {"resources": read, "containerStatuses": [{"name": "server", "resources": read}]}
    other = {"resources": {}, "containerStatuses": [{"name": "server"}]}
    assert compare(cluster("a", status=status), cluster("b", status=other)) == []
    asked = {"containers": [{"name": "server", "resources": read}]}
    assert compare(cluster("a", spec=asked), cluster("b")) != []
