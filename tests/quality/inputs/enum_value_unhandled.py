"""Bug: the schema got another tier, the operator's table did not. With it, every reconcile raises
KeyError.
"""

from __future__ import annotations

from tests.subjects.pages import handlers

del handlers.QUOTAS["business"]
