"""Bug: a child is named after the page and a route, however long that is. The longest names that
the schema allows make a Service that Kubernetes refuses, and the page is never published.
"""

from __future__ import annotations

from tests.subjects.pages import handlers


def route_name(page: str, route: str) -> str:
    """Both names, whole."""
    return f"{page}-{route}"


vars(handlers).update(route_name=route_name)
