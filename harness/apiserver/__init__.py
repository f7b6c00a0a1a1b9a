"""What kube-apiserver does, as plain functions from a request to a response or a stream of events.

What belongs here: the versioned store, the registry of resources, discovery, OpenAPI, patches,
server-side apply, schemas, CEL, admission, authorization, representations.
What does not: controllers (they are clients), and sockets (HTTP is a thin skin in `http.py`).

Known differences from the real kube-apiserver, each with an xfail test in `tests/conformance/`, or,
where a kind or schema decides alone, in `tests/unit/kinds/` and `tests/unit/crd/`:

- A CRD is established and served by the commit that creates it; the real server takes a moment.
- Where upstream's messages print Go structs or a difference of them, ours print JSON or leave the
  difference out (changes of a pod's or claim's spec, of a Job's template).
- Admission that looks at other objects (a missing ServiceAccount or PriorityClass, ResourceQuota,
  LimitRange) and admission webhooks are not enforced.
- Metadata of embedded resources (`x-kubernetes-embedded-resource`) is not checked.
- Whole numbers that a client writes as floats are stored as integers.
"""
