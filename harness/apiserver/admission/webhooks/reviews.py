"""Questions to webhooks and their answers: what is asked, and what an answer may say.

A failure to get an answer refuses the write or not, as the webhook's `failurePolicy` wants. A
refusal is passed on with the code, reason and details that the webhook gave.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from ...requests import Object
from ...status import ApiError
from .hooks import Hook, Phase

GROUP = "admission.k8s.io"
#: Versions of AdmissionReview that are spoken.
VERSIONS = ("v1", "v1beta1")
_CODE_MIN = 400

#: Phase, configuration, webhook, round, and the version of the object that was shown.
Key = tuple[str, str, str, int, str]


@dataclass(frozen=True)
class Question:
    """One AdmissionReview for one webhook."""

    key: Key
    hook: Hook
    document: Object


@dataclass(frozen=True)
class Answer:
    """What came back: the decoded body, or why there is none."""

    body: Any = None
    failure: str = ""


class ReviewsNeeded(Exception):
    """A verb cannot go on before these questions are answered."""

    def __init__(self, questions: Sequence[Question]) -> None:
        super().__init__(f"{len(questions)} webhooks have to be asked")
        self.questions = questions


class CallFailure(Exception):
    """A webhook gave no answer that can be used."""


def question(key: Key, hook: Hook, request: Object) -> Question:
    """An AdmissionReview in the first version that both sides speak."""
    spoken = hook.raw.get("admissionReviewVersions") or VERSIONS[:1]
    version = next((each for each in spoken if each in VERSIONS), VERSIONS[0])
    head = {"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}"}
    return Question(key, hook, {**head, "request": request})


def internal_error(why: str) -> ApiError:
    """500, as `apierrors.NewInternalError` words it."""
    details = {"causes": [{"message": why}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {why}", details=details)


def judged(phase: Phase, asked: Question, answer: Answer) -> Object | None:
    """The response of a webhook that allows the write; None when its failure is ignored.

    Raises:
        ApiError: It refuses the write, or failed and is not to be ignored.
    """
    try:
        response = _response(phase, asked, answer)
    except CallFailure as failure:
        if not asked.hook.fails_closed:
            return None
        raise internal_error(f'failed calling webhook "{asked.hook.name}": {failure}') from None
    if not response.get("allowed"):
        raise _refusal(asked.hook, response.get("status") or {})
    return response


def warnings_of(answer: Answer) -> list[str]:
    """The warnings in an answer, whatever else it says."""
    body = answer.body if isinstance(answer.body, dict) else {}
    response = body.get("response")
    warnings = response.get("warnings") if isinstance(response, dict) else None
    return [text for text in warnings or () if isinstance(text, str)]


def _response(phase: Phase, asked: Question, answer: Answer) -> Object:
    if answer.failure:
        raise CallFailure(f"failed to call webhook: {answer.failure}")
    body = answer.body
    _check_version(asked, body)
    response = body.get("response")
    if not isinstance(response, dict):
        raise CallFailure("received invalid webhook response: webhook response was absent")
    uid = asked.document["request"]["uid"]
    if response.get("uid", "") != uid:
        got = orjson.dumps(response.get("uid", "")).decode()
        raise CallFailure(
            f'received invalid webhook response: expected response.uid="{uid}", got {got}'
        )
    patch, patch_type = response.get("patch"), response.get("patchType")
    if phase == "validating" and (patch or patch_type):
        what = "patch" if patch else "patchType"
        words = f"validating webhook may not return response.{what}"
        raise CallFailure(f"received invalid webhook response: {words}")
    if patch and not patch_type:
        words = "webhook returned response.patch but not response.patchType"
        raise CallFailure(f"received invalid webhook response: {words}")
    if patch and patch_type != "JSONPatch":
        words = f'webhook returned invalid response.patchType of "{patch_type}"'
        raise CallFailure(f"received invalid webhook response: {words}")
    return response


def _check_version(asked: Question, body: Any) -> None:
    if not isinstance(body, dict):
        words = "couldn't get version/kind; json parse error: the body is not a JSON object"
        raise CallFailure(f"failed to call webhook: {words}")
    wanted = asked.document["apiVersion"]
    if body.get("apiVersion") != wanted or body.get("kind") != "AdmissionReview":
        got, spoken = str(body.get("apiVersion", "")).rpartition("/")[2], wanted.rpartition("/")[2]
        raise CallFailure(
            f"failed to call webhook: converting ({got}.{body.get('kind', '')}) to "
            f"({spoken}.AdmissionReview): unknown conversion"
        )


def _refusal(hook: Hook, status: Object) -> ApiError:
    head = f'admission webhook "{hook.name}" denied the request'
    text = status.get("message") or status.get("reason")
    code = status.get("code") or 0
    return ApiError(
        code if code >= _CODE_MIN else _CODE_MIN,
        status.get("reason") or "",
        f"{head}: {text}" if text else f"{head} without explanation",
        details=status.get("details"),
    )


def operations(asked: Question, response: Object) -> list[Object]:
    """The JSON patch in a response; empty for none.

    Raises:
        ApiError: 500 for a patch that is none, when the webhook's failures refuse the write.
    """
    patch = response.get("patch")
    if not patch:
        return []
    try:
        decoded: Any = orjson.loads(base64.b64decode(patch))
    except (ValueError, binascii.Error):
        decoded = None
    if isinstance(decoded, list):
        return decoded
    if not asked.hook.fails_closed:
        return []
    kind = "object" if isinstance(decoded, dict) else "value"
    raise internal_error(
        f'failed calling webhook "{asked.hook.name}": received undecodable patch in webhook '
        f"response: json: cannot unmarshal {kind} into Go value of type jsonpatch.Patch"
    )
