"""Stand-ins for `docker`, `kind`, `kubectl` and `pip`: a `Run` that answers by rules.

programs = FakePrograms()
programs.answer("docker image inspect", "sha256:1")     # the words must occur in this order
programs.fail("buildx", "unknown command")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.clusters.kind.commands import CommandFailed

Answer = str | CommandFailed | Callable[[Sequence[str]], str]


class FakePrograms:
    """Writes down what it is asked to run; later rules win, and without one nothing is printed."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.environments: list[Mapping[str, str]] = []
        self._rules: list[tuple[list[str], Answer]] = []

    def answer(self, words: str, answer: Answer) -> None:
        """What a command prints in which these words occur, in this order."""
        self._rules.insert(0, (words.split(), answer))

    def fail(self, words: str, why: str) -> None:
        """Such a command ends with an error."""
        self.answer(words, CommandFailed(why))

    def __call__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        timeout_seconds: float = 60.0,
    ) -> str:
        self.commands.append([str(word) for word in command])
        self.environments.append(environment or {})
        for words, answer in self._rules:
            if _occur(words, command):
                if isinstance(answer, CommandFailed):
                    raise answer
                return answer if isinstance(answer, str) else answer(command)
        return ""

    def asked(self, words: str) -> list[list[str]]:
        """The commands in which these words occurred."""
        return [command for command in self.commands if _occur(words.split(), command)]


def _occur(words: Sequence[str], command: Sequence[str]) -> bool:
    rest = iter(command)
    return all(word in rest for word in words)
