"""The AIService operator: self-healing AI model services, and the example to copy.

Read `handlers` (what kopf does), `controller` (how the parts hang together), `reconcile` (one
attempt) and `desired` (what shall exist), in this order. Only `api` talks to the API server; only
`decision`, `desired`, `ownership`, `revisions`, `rollout` and `status` decide, and they are pure.
"""
