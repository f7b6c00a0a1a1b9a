"""What kube-apiserver does, as plain functions from a request to a response or a stream of events.

What belongs here: the versioned store, the registry of resources, discovery, OpenAPI, patches,
server-side apply, schemas, CEL, admission, authorization, representations.
What does not: controllers (they are clients), and sockets (HTTP is a thin skin in `http.py`).

Known differences from the real kube-apiserver, each with an xfail test in `tests/conformance/`:

(none recorded yet)
"""
