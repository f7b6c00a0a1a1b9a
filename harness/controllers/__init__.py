"""What kube-controller-manager, kube-scheduler, kubelet and kube-proxy do, one controller a file.

What belongs here: loops that watch the API and write to it, as upstream's do, with upstream's
fields, conditions and Events. All of them are clients: they work against the simulated server and
against a real kube-apiserver alike, and know of neither. What does not: anything inside a server
(defaults, validation, admission, the finalizer rules of a delete).

How it fits together: `manager.ControllerManager` starts one task for each controller, which share
`harness.client.caching.Informers`. A change enqueues a key in the controller's `WorkQueue` after
a small seeded delay; one worker takes keys and calls `sync`, which compares and writes.

Known differences from Kubernetes 1.37:

- `pod-template-hash` hashes the template as JSON, upstream hashes Go structures: other letters.
- One worker for each controller, where upstream has five or more.
- The nodes' heartbeats are not written unless asked for (`heartbeats.py` says why).
- The scheduler scores nodes by free resources and by spreading only; no affinity, no preemption.
- The kubelet runs init containers in sequence and knows sidecars, but no ephemeral containers, no
  resource pressure, no lifecycle hooks, no volumes beyond those that programs read.
"""
