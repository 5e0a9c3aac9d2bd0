"""Long lists of names in a sentence."""

from collections.abc import Sequence


def some_names(names: Sequence[str], noun: str = "picture", shown: int = 3) -> str:
    """How many names there are and the first of them: ``"5 pictures (a, b, c, …)"``."""
    plural = "" if len(names) == 1 else "s"
    rest = ", …" if len(names) > shown else ""
    return f"{len(names)} {noun}{plural} ({', '.join(names[:shown])}{rest})"
