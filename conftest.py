"""Loads the harness's own pytest plugin, as any user's root conftest would.

By name and not by an entry point: an entry point is imported before coverage starts.
"""

from hypothesis import Phase, settings

pytest_plugins = ["harness.pytest_plugin"]

# The same examples each time and no deadline in real time, because a busy machine proves nothing;
# and the same words everywhere: where CI is set, Hypothesis adds a note to failures by itself.
# No explanations: to say which parts of a shrunk example do not matter, Hypothesis draws it anew
# hundreds of times, also for `find`, where nobody reads it.
settings.register_profile(
    "repository",
    phases=[phase for phase in Phase if phase is not Phase.explain],
    deadline=None,
    derandomize=True,
    print_blob=False,
)
settings.load_profile("repository")
