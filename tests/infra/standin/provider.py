"""STAND-IN for `pulumi-resource-kubernetes`: test equipment for machines that cannot have it.

    engine ─ Check ▸ Diff ▸ Create | Update | Delete, Read on refresh ─▶ this ─▶ API server

The published plugin is a large program that a closed network cannot download. This one serves the
same gRPC interface for any `kubernetes:GROUP/VERSION:Kind`, so that engine, state, Automation API
and cluster are the real ones in tests. It writes by server-side apply as `pulumi-kubernetes`, reads
drift by a dry-run apply, waits until Deployments and definitions are ready and until deleted
objects are gone.

What it does not do: functions (`helm`, `yaml`, `kustomize`), Patch resources, aliases, waiting for
other kinds, previews against the server (a preview takes the program's inputs as the outcome),
credentials by `exec`.

See https://www.pulumi.com/docs/iac/guides/building-extending/providers/
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from .access import Access, Object, Refused, access
from .readiness import a_node_is_ready, is_awaited, lacks, needs_nodes
from .shapes import as_seen, changes, essence, needs_replacement, whole_numbers

VERSION = "4.999.0-standin"  # the engine warns about plugins older than the program's SDK
WAIT_SECONDS = 600.0  # as the published plugin
_LOOK_SECONDS = 0.1
_MARK, _SECRET = rpc._special_sig_key, rpc._special_secret_sig
_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
_FORCE = "pulumi.com/patchForce"
_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}

Reply = TypeVar("Reply")
Log = Callable[[str, str], None]


class NotReady(Exception):
    """An object was written, and is not what it should become."""

    def __init__(self, obj: Object, reason: str) -> None:
        super().__init__(reason)
        self.object = obj


class KubernetesProvider(provider_pb2_grpc.ResourceProviderServicer):
    """The plugin's service.

    Args:
        log: Tells people something about a resource, by its URN.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._access: Access | None = None
        self._force = False
        self._cancelled = threading.Event()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        """Another way to the cluster is no change of what is in it."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:
        config = _plain(json_format.MessageToDict(request.args))
        self._force = str(config.get("enablePatchForce", "")).lower() == "true"
        if config.get("renderYamlToDirectory"):
            self._log("no cluster: only previews work", "")
        elif not config.get("kubeconfig"):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "kubernetes:kubeconfig is not set")
        else:
            self._access = _or_abort(
                context, lambda: access(config["kubeconfig"], config.get("context", ""))
            )
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:
        """The inputs, with a name for those that have none; it stays the same."""
        inputs, olds = _read(request.news), _read(request.olds)
        metadata = inputs.setdefault("metadata", {})
        if "name" not in metadata:
            ending = hashlib.sha256(bytes(request.randomSeed)).hexdigest()[:8]
            logical = request.urn.rpartition("::")[2]
            metadata["name"] = olds.get("metadata", {}).get("name") or f"{logical}-{ending}"
        return provider_pb2.CheckResponse(inputs=_written(inputs))

    def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:
        olds, news = _read(request.old_inputs), _read(request.news)
        found = dict(changes(olds, news))
        replaces = [path for path in found if needs_replacement(news["kind"], path)]
        detailed = {
            path: provider_pb2.PropertyDiff(kind=_KINDS[how, path in replaces], inputDiff=True)
            for path, how in found.items()
        }
        same = provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else same,
            replaces=replaces,
            diffs=sorted({path.partition(".")[0] for path in found}),
            detailedDiff=detailed,
            hasDetailedDiff=True,
            deleteBeforeReplace=bool(replaces) and _place(olds) == _place(news),
        )

    def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:
        inputs = _read(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        live = _or_abort(context, lambda: self._write(inputs, request.urn, request.timeout))
        return provider_pb2.CreateResponse(id=_place(live), properties=_written(_state(live)))

    def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:
        inputs = _read(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=request.news)
        live = _or_abort(context, lambda: self._write(inputs, request.urn, request.timeout))
        return provider_pb2.UpdateResponse(properties=_written(_state(live)))

    def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:
        """The object as it is; its inputs differ from the last ones where somebody changed it."""
        inputs = _read(request.inputs) or _read(request.properties)
        live = _or_abort(context, lambda: self._api.find(inputs))
        if live is None:
            return provider_pb2.ReadResponse()
        applied = _or_abort(context, lambda: self._api.apply(inputs, force=True, dry_run=True))
        seen = inputs if essence(applied) == essence(live) else as_seen(inputs, live)
        return provider_pb2.ReadResponse(
            id=_place(live), properties=_written(_state(live)), inputs=_written(seen)
        )

    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:
        """Ask for the deletion and wait until the object is gone."""
        obj = _read(request.old_inputs) or _read(request.properties)
        _or_abort(context, lambda: self._delete(obj, request.timeout or WAIT_SECONDS))
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        """End all waiting."""
        self._cancelled.set()
        return empty_pb2.Empty()

    @property
    def _api(self) -> Access:
        if self._access is None:
            raise Refused("no cluster is configured: only previews work")
        return self._access

    def _write(self, inputs: Object, urn: str, timeout: float) -> Object:
        force = self._force or _annotation(inputs, _FORCE) == "true"
        live = self._api.apply(inputs, force=force)
        if not is_awaited(live):
            return live
        if needs_nodes(live) and not a_node_is_ready(
            self._api.ask("GET", "/api/v1/nodes")["items"]
        ):
            self._log("no node is ready, so nobody waits until its pods are", urn)
            return live
        return self._until_ready(live, timeout or WAIT_SECONDS)

    def _until_ready(self, live: Object, seconds: float) -> Object:
        for _ in range(int(seconds / _LOOK_SECONDS)):
            if not (reason := lacks(live)):
                return live
            if self._cancelled.wait(_LOOK_SECONDS):
                raise NotReady(live, f"cancelled while waiting: {reason}")
            live = self._api.find(live) or live
        raise NotReady(live, f"not ready after {seconds:g} s: {lacks(live)}")

    def _delete(self, obj: Object, seconds: float) -> None:
        self._api.delete(obj, _annotation(obj, _PROPAGATION) or "Foreground")
        keeps: list[str] = []
        for _ in range(int(seconds / _LOOK_SECONDS)):
            if (live := self._api.find(obj)) is None:
                return
            keeps = live["metadata"].get("finalizers") or []
            if self._cancelled.wait(_LOOK_SECONDS):
                raise Refused("cancelled while waiting until it is gone")
        raise Refused(f"still there after {seconds:g} s; its finalizers: {keeps}")


def _or_abort(context: Any, do: Callable[[], Reply]) -> Reply:
    """What `do` gives; its refusal becomes the call's status, and the engine's one message."""
    try:
        return do()
    except NotReady as error:
        failed = provider_pb2.ErrorResourceInitFailed(
            id=_place(error.object),
            properties=_written(_state(error.object)),
            reasons=[str(error)],
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
        status.details.add().Pack(failed)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
    except Refused as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
    raise AssertionError("abort raises")


def _read(struct: struct_pb2.Struct) -> Object:
    found: Object = whole_numbers(json_format.MessageToDict(struct))
    return found


def _plain(value: Any) -> Any:
    """The same without the marks that Pulumi puts around secrets; configuration has them."""
    if isinstance(value, dict):
        if value.get(_MARK) == _SECRET:
            return _plain(value["value"])
        return {key: _plain(item) for key, item in value.items()}
    return value


def _written(obj: Object) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(obj)
    return struct


def _state(live: Object) -> Object:
    """What the engine keeps of an object."""
    metadata = {key: item for key, item in live["metadata"].items() if key != "managedFields"}
    return live | {"metadata": metadata}


def _place(obj: Object) -> str:
    metadata = obj.get("metadata", {})
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata.get('name')}" if namespace else str(metadata.get("name"))


def _annotation(obj: Object, name: str) -> str:
    return str((obj["metadata"].get("annotations") or {}).get(name, ""))
