"""What is raised where a model or its weights cannot be had."""

from __future__ import annotations


class ModelError(ValueError):
    """A model that cannot be had; its text is one sentence for the person who asked."""


def first_words(error: Exception) -> str:
    """The beginning of another program's message, fit to stand inside a sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    return (text if len(text) <= 240 else f"{text[:240]}…").rstrip(".:")
