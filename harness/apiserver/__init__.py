"""What kube-apiserver does, as plain functions from a request to a response or a stream of events.

What belongs here: the versioned store, the registry of resources, discovery, OpenAPI, patches,
server-side apply, schemas, CEL, admission, authorization, representations.
What does not: controllers (they are clients), and sockets (HTTP is a thin skin in `http.py`).

Known differences from the real kube-apiserver, each with an xfail test in `tests/conformance/`, or,
where a kind or schema decides alone, in `tests/unit/kinds/` and `tests/unit/crd/`:

- A CRD is established and served by the commit that creates it; the real server takes a moment.
- Where upstream's messages print Go structs or a difference of them, ours print JSON or leave the
  difference out (changes of a pod's or claim's spec, of a Job's template).
- Managers that wrote in another version of a kind are read as if the versions had the same fields;
  rows of managedFields are not adapted when a CRD makes a list or map atomic, or no longer so.
- Warnings about odd but valid objects (duplicate ports, deprecated labels) are not given.
- Admission webhooks are called for objects, their `/status` and `/scale`; not for evictions,
  bindings, token requests and connections. They see a pod before the ServiceAccount plugin adds to
  it. What Go's TLS and JSON libraries say about a broken webhook is said in fewer words.
- Validating and mutating admission policies are not served.
- Metadata of embedded resources (`x-kubernetes-embedded-resource`) is not checked.
- Whole numbers that a client writes as floats are stored as integers.
- Versions of a custom resource are converted as by the strategy None; webhooks are not called.
- A ClusterRole with an `aggregationRule` has the rights of those it selects at once, but its stored
  `rules` stay as written.
- Answers are JSON, also for clients that would prefer protobuf or YAML.
- Tokens of ServiceAccounts are signed with a key of the server (HS256), not by RSA.

Not served: autoscaling/v1, logs, exec, attach, port-forward, proxy.
"""
