"""Reads a BUILD file without Bazel: it is Python once its rules are functions."""

from collections import defaultdict
from pathlib import Path


class BazelFile:
    """The targets that a BUILD file declares.

    Attributes:
        targets: One dictionary of arguments per target, by name; ``rule`` is its rule.
        made: Source file of each file that a genrule copies, by the copy's path.
    """

    def __init__(self, path: Path):
        self._root = path.parent
        self._symbols: list[str] = []
        self._calls: dict[str, list[dict]] = defaultdict(list)
        ignored = ("package", "licenses", "exports_files")
        names = {
            "load": lambda repository, *symbols: self._symbols.extend(symbols),
            "glob": self._glob,
            "genrule": self._declare("genrule"),
            "py_library": self._declare("py_library"),
            "py_test": self._declare("py_test"),
            **dict.fromkeys(ignored, lambda *args, **kwargs: None),
        }
        exec(compile(path.read_text(), str(path), "exec"), names)
        declared = [call for calls in self._calls.values() for call in calls]
        self.targets = {call["name"]: call for call in declared}
        self.loaded = set(self._symbols)
        self.repeated = len(declared) - len(self.targets)
        self.made = {call["outs"][0]: call["srcs"][0] for call in self._calls["genrule"]}

    def _declare(self, rule: str):
        def declare(**arguments: object) -> None:
            self._calls[rule].append({**arguments, "rule": rule})

        return declare

    def _glob(self, patterns: list[str], allow_empty: bool = False) -> list[str]:
        files = {
            file.relative_to(self._root).as_posix()
            for pattern in patterns
            for file in self._root.glob(
                pattern.removesuffix("**") + "**/*" * pattern.endswith("**")
            )
            if file.is_file() and "__pycache__" not in file.parts
        }
        if not files and not allow_empty:
            raise ValueError(f"glob({patterns}) matches no file")
        return sorted(files)

    def rules(self, rule: str) -> dict[str, dict]:
        """The targets of one rule, by name."""
        return {name: target for name, target in self.targets.items() if target["rule"] == rule}

    def source_files(self, name: str) -> list[str]:
        """The files in the tree that a target's sources come from."""
        return [self.made.get(source, source) for source in self.targets[name].get("srcs", [])]
