"""An operator whose handlers are in a module of another package."""

from tests.subjects import elsewhere_handlers

__all__ = ["elsewhere_handlers"]
