"""What is wrong with a configuration, as values: found one by one, told all at once. Never holds a secret."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that must be changed before the gateway starts."""

    path: str
    """Where: ``smpp.listen``, ``accounts[legacy].window``, or the name of the file."""
    reason: str
    suggestion: str = ""
    """What to write instead, where that can be guessed."""

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" + (f" ({self.suggestion})" if self.suggestion else "")


class ConfigFaults(Exception):  # noqa: N818 # several faults of the operator's file, not one error of ours
    """The configuration cannot be used.

    Attributes:
        faults: All of them, in the order of the file's sections; at least one.
    """

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


@dataclass(slots=True)
class Findings:
    """What a reading of the configuration has found so far."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def fault(self, path: str, reason: str, suggestion: str = "") -> None:
        """Note one more fault."""
        self.faults.append(Fault(path, reason, suggestion))

    def warn(self, path: str, text: str) -> None:
        """Note something that works, but should not stay so."""
        # No colon: the net under the logs would take "password: a" for a password.
        self.warnings.append(f"{path} {text}")
