"""Random writes to one Deployment by three managers: applies, patches, status updates.

Recorded answers cover the cases that somebody thought of; these look for the others. They are
drawn so that most of them are valid and that managers get into each other's way.
"""

from __future__ import annotations

from typing import Any

from harness.simulation.entropy import Entropy
from tests.conformance.steps import Sequence, Step

DEPLOYMENTS = "apps/v1/deployments"
STEPS = 8
Object = dict[str, Any]


def random_sequence(seed: int) -> Sequence:
    """One Deployment and eight writes to it, a function of the seed."""
    draw = _Draw(seed)
    first = Step("create", f"{DEPLOYMENTS}?fieldManager=zero", body=draw.whole())
    if draw.chance(0.5):
        first = Step("apply", f"{DEPLOYMENTS}/a?fieldManager=one", body=draw.whole())
    return Sequence("random", f"seed {seed}", (first, *(draw.step() for _ in range(STEPS))))


class _Draw:
    def __init__(self, seed: int) -> None:
        self._random = Entropy(seed, "random applies").stream

    def chance(self, share: float) -> bool:
        """True for that share of draws."""
        return self._random.random() < share

    def _some(self, items: list[Any]) -> list[Any]:
        return self._random.sample(items, self._random.randint(0, len(items)))

    def _words(self, keys: str) -> dict[str, str]:
        return {key: self._random.choice("12") for key in self._some(list(keys))}

    def step(self) -> Step:
        """The next write."""
        manager = f"fieldManager={self._random.choice(['zero', 'one', 'two'])}"
        kind = self._random.random()
        if kind < 0.6:
            force = "&force=true" if self.chance(0.6) else ""
            return Step("apply", f"{DEPLOYMENTS}/a?{manager}{force}", body=self._applied())
        if kind < 0.8:
            body = {"metadata": self._metadata(), "spec": self._spec()}
            return Step("strategic", f"{DEPLOYMENTS}/a?{manager}", body=body)
        if kind < 0.9:
            replicas = {"status": {"replicas": self._random.randint(0, 2)}}
            return Step("merge", f"{DEPLOYMENTS}/a/status?{manager}", body=replicas)
        spec = {key: value for key, value in self._spec().items() if key != "template"}
        return Step("merge", f"{DEPLOYMENTS}/a?{manager}", body={"spec": spec})

    def whole(self) -> Object:
        """A Deployment that can be created."""
        containers = [{"name": "c", "image": "i:0"}]
        if self.chance(0.4):
            containers.append({**self._container("d"), "image": "q"})
        spec = {key: value for key, value in self._spec().items() if key != "template"}
        spec["selector"] = {"matchLabels": {"x": "y"}}
        spec["template"] = {
            "metadata": {"labels": {"x": "y"}},
            "spec": {"containers": containers},
        }
        return self._deployment(self._metadata(), spec)

    def _applied(self) -> Object:
        if self.chance(0.3):
            return self.whole()
        return self._deployment(self._metadata(), self._spec())

    def _deployment(self, metadata: Object, spec: Object) -> Object:
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}

    def _metadata(self) -> Object:
        metadata: Object = {"name": "a"}
        if self.chance(0.4):
            metadata["labels"] = self._words("ab")
        if self.chance(0.2):
            metadata["annotations"] = self._words("ab")
        return metadata

    def _spec(self) -> Object:
        spec: Object = {}
        if self.chance(0.5):
            spec["replicas"] = self._random.randint(0, 2)
        if self.chance(0.2):
            spec["paused"] = self.chance(0.5)
        if self.chance(0.2):
            rolling = {"rollingUpdate": {"maxSurge": 1}}
            spec["strategy"] = self._random.choice([{"type": "Recreate"}, rolling])
        pod = self._pod()
        if pod:
            spec["template"] = {"spec": pod}
        return spec

    def _pod(self) -> Object:
        pod: Object = {}
        if self.chance(0.7):
            pod["containers"] = [self._container(name) for name in self._some(["c", "d", "e"])]
        if self.chance(0.3):
            pod["volumes"] = [{"name": name, "emptyDir": {}} for name in self._some(["v", "w"])]
        if self.chance(0.3):
            pod["nodeSelector"] = self._words("ab")
        if self.chance(0.3):
            keys = self._some(["a", "b"])
            pod["tolerations"] = [{"key": key, "operator": "Exists"} for key in keys]
        return pod

    def _container(self, name: str) -> Object:
        container: Object = {"name": name}
        if self.chance(0.6):
            container["image"] = self._random.choice(["i:1", "j:2"])
        if self.chance(0.5):
            variables = self._words("ABC")
            container["env"] = [{"name": key, "value": variables[key]} for key in variables]
        if self.chance(0.4):
            # Different for each container: the real server warns of ports that are not.
            first = 80 + 10 * ord(name[0])
            udp = {"containerPort": first, "protocol": "UDP"}
            container["ports"] = self._some([{"containerPort": first}, udp])
        if self.chance(0.3):
            container["args"] = self._some(["x", "y"])
        if self.chance(0.3):
            container["resources"] = {"limits": {"cpu": self._random.choice(["1", "1000m", 2])}}
        return container
