"""Loads the harness's own pytest plugin, as any user's root conftest would.

By name and not by an entry point: an entry point is imported before coverage starts.
"""

from hypothesis import settings

pytest_plugins = ["harness.pytest_plugin"]

# The same examples each time, and no deadline in real time: a busy machine proves nothing.
settings.register_profile("repository", deadline=None, derandomize=True)
settings.load_profile("repository")
