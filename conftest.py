"""Loads the harness's own pytest plugin, as any user's root conftest would.

By name and not by an entry point: an entry point is imported before coverage starts.
"""

pytest_plugins = ["harness.pytest_plugin"]
