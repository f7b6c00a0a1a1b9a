"""Built-in kinds default, refuse and keep what a real kube-apiserver 1.37 does.

Each case is a request that was sent to the real server; see `scripts/record_answers.py`. What is
known to differ is named here with the reason, and fails when it no longer does.
"""

from pathlib import Path

import pytest

from tests.support.golden import Case, answer, differences, read_cases, served

GOLDEN = Path(__file__).parent / "golden"
FILES = [GOLDEN / f"{name}.json" for name in ("pods", "workloads", "others", "updates", "storage")]

ADMISSION = "an admission plugin decides, which looks at other objects"
STRUCT_DIFF = "upstream appends a difference of its Go structs"

ANOTHER_RANGE = "our Services have addresses of another range"

KNOWN: dict[str, str] = {
    'StatefulSet spec.updateStrategy {"type":"OnDelete","rollingUpdate":{"partition":1}}': (
        "upstream defaults maxUnavailable of rolling updates only, before it refuses this one"
    ),
    'Pod spec.serviceAccountName "A_"': ADMISSION,
    'Pod spec.serviceAccountName "missing"': ADMISSION,
    'Job spec.selector {"matchLabels":{"a":"b"}}': "upstream merges the selector before refusing",
    'Service spec.clusterIP "10.0.0.55"': ANOTHER_RANGE,
    'Service spec.clusterIP "192.168.0.1"': ANOTHER_RANGE,
    'update Pod spec.containers.0.args ["x"]': STRUCT_DIFF,
    'update Pod spec.nodeName "n"': STRUCT_DIFF,
    'update Pod spec.containers.0.resources {"limits":{"cpu":"1"}}': STRUCT_DIFF,
    'update Pod spec.restartPolicy "Never"': STRUCT_DIFF,
    "update Pod spec.terminationGracePeriodSeconds 5": STRUCT_DIFF,
    'update Job spec.template.spec.containers.0.image "z"': "upstream prints its Go structs",
    'update PersistentVolumeClaim spec.resources.requests.storage "2Gi"': STRUCT_DIFF,
    'update PersistentVolumeClaim spec.accessModes ["ReadWriteMany"]': STRUCT_DIFF,
    'update PersistentVolumeClaim spec.volumeMode "Block"': STRUCT_DIFF,
    'update PersistentVolumeClaim spec.selector {"matchLabels":{"a":"b"}}': STRUCT_DIFF,
    'update PersistentVolume spec.hostPath {"path":"/other"}': STRUCT_DIFF,
}


def _parameters() -> list[object]:
    cases = read_cases(*FILES)
    unknown = set(KNOWN) - {case.id for case in cases}
    assert not unknown, f"known differences of no case: {sorted(unknown)}"
    return [
        pytest.param(
            case,
            id=case.id,
            marks=[pytest.mark.xfail(reason=KNOWN[case.id])] if case.id in KNOWN else [],
        )
        for case in cases
    ]


@pytest.mark.parametrize("case", _parameters())
def test_a_write_is_answered_as_by_the_real_server(case: Case) -> None:
    assert differences(case, answer(served(), case)) == []
