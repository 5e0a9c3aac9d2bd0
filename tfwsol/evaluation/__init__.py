"""Explaining and scoring models on photographs and data sets.

`evaluate` scores the maps of a source under the published protocols in one pass.
"""

from typing import Any

__all__ = [
    "PROTOCOLS",
    "DatasetSource",
    "Evaluation",
    "EvaluationSettings",
    "ExplainerMaps",
    "MetadataSource",
    "evaluate",
]


def __getattr__(name: str) -> Any:
    # TensorFlow, OpenCV and matplotlib are imported when one of these is first asked for.
    if name in ("Evaluation", "EvaluationSettings", "evaluate"):
        import tfwsol.evaluation.one_pass as home
    elif name == "PROTOCOLS":
        import tfwsol.evaluation.protocols as home
    elif name == "DatasetSource":
        import tfwsol.evaluation.dataset_source as home
    elif name == "ExplainerMaps":
        import tfwsol.evaluation.explainer_maps as home
    elif name == "MetadataSource":
        import tfwsol.evaluation.metadata_source as home
    else:
        raise AttributeError(f"module 'tfwsol.evaluation' has no attribute {name!r}")
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
