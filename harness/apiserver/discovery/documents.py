"""A finished document: its bytes, the tag that names its content, and how it is answered."""

from __future__ import annotations

import hashlib
from functools import cached_property

from ..requests import Request, Response


class Document:
    """An immutable JSON document.

    Args:
        body: Its bytes.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body

    @cached_property
    def tag(self) -> str:
        """What changes with the content: its digest, in upper-case hexadecimal."""
        return hashlib.sha512(self.body).hexdigest().upper()

    def response(
        self, request: Request, *, content_type: str = "application/json", cache: str = ""
    ) -> Response:
        """The answer; 304 without a body to a client that names the tag of this content.

        Args:
            cache: `cache-control` of a document that clients may keep; empty for those they may
                not, which have no tag either.
        """
        if not cache:
            return Response(200, body=self.body, content_type=content_type)
        headers = {"etag": f'"{self.tag}"', "vary": "Accept", "cache-control": cache}
        if request.headers.get("if-none-match", "").strip('"') == self.tag:
            return Response(304, body=b"", content_type=content_type, headers=headers)
        return Response(200, body=self.body, content_type=content_type, headers=headers)
