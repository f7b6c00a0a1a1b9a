"""The harness as a library: what a user's own `async def` test calls.

What belongs here: short verbs over a simulated cluster (`cluster.apply`, `converges`, `inject`).
What does not: semantics of any kind; they are the scenario runner's own.
"""
