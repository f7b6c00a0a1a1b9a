"""What kube-controller-manager, kube-scheduler, kubelet and kube-proxy do, one controller a file.

What belongs here: loops that watch the API and write to it, as upstream's do, with upstream's
fields, conditions and Events. All of them are clients: they work against the simulated server and
against a real kube-apiserver alike, and know of neither. What does not: anything inside a server
(defaults, validation, admission, the finalizer rules of a delete).

How it fits together: `manager.ControllerManager` starts one task for each controller, which share
`harness.client.caching.Informers`. A change enqueues a key in the controller's `WorkQueue` after
a small seeded delay; one worker takes keys and calls `sync`, which compares and writes.

Known differences from Kubernetes 1.37 (what is compared, and how: tests/conformance/controllers):

- `pod-template-hash`, and `controller-revision-hash` of DaemonSets, hash the template as JSON,
  upstream hashes Go structures: other letters.
- A time that a change of the clocks leaves out or doubles is skipped or counted twice by CronJobs
  as upstream's library does; zones are those of the machine's time zone database.
- Jobs know no gang scheduling; a pod's own `activeDeadlineSeconds` is not enforced. A data pod that
  runs once and is stopped ends with 143, so it counts as failed.
- One worker for each controller, where upstream has five or more; no limits on requests or on
  evictions per second.
- The nodes' heartbeats are not written unless asked for (`heartbeats.py` says why).
- The scheduler scores nodes by spreading and free resources; no pod affinity, no topology spread,
  no preemption.
- The kubelet has no sandboxes, ephemeral containers, lifecycle hooks, resource pressure or exec and
  gRPC probes. A container restarted by its liveness probe is reported as ended and backs off as
  after a crash.
- Storage is two simulated systems (`volumes/provisioner.py`), which never fail, are never full and
  attach at once; growth needs no step on the node. Access modes are not enforced at mounting, a
  ConfigMap or Secret that is missing mounts empty, and there are no block devices.
- The scheduler waits for provisioning without a timeout, and takes volumes by node affinity alone.
- Endpoints, the older form of EndpointSlices, are not written; the rest of kube-controller-manager
  (ReplicationControllers, metrics, certificates and others) is not there.
"""
