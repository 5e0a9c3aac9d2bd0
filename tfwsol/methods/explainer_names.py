"""The explainers by name, for commands and settings."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

import keras

from tfwsol.methods.cam import CAM
from tfwsol.methods.explainer import Explainer
from tfwsol.methods.grad_cam import GradCAM
from tfwsol.methods.l2caf import L2CAF
from tfwsol.methods.layer_cam import LayerCAM
from tfwsol.methods.stnet import STNet

EXPLAINERS: dict[str, type[Explainer]] = {
    "l2caf": L2CAF,
    "cam": CAM,
    "gradcam": GradCAM,
    "layercam": LayerCAM,
    "stnet": STNet,
}
"""Every explainer by the name that flags, files and tables use; a new method joins here."""

TITLES = {
    "l2caf": "L2-CAF",
    "cam": "CAM",
    "gradcam": "Grad-CAM",
    "layercam": "LayerCAM",
    "stnet": "STNet",
}
"""How the papers write the names."""


_PREFIXES = {"stnet": "stnet_"}
"""What stands before the options of an explainer that shares their names with another."""


def build_explainer(name: str, model: keras.Model, layer: Any = None, **options: Any) -> Explainer:
    """The explainer of that name for a model.

    Args:
        name: One of `EXPLAINERS`.
        model: See `Explainer`.
        layer: See `Explainer`; of STNet the layer to stop at, None: as its preset has it.
        **options: Options of any explainer, STNet's with `stnet_` in front (`stnet_preset`). Each
            takes those that it knows, so that one set of options serves several explainers.

    Raises:
        ValueError: If the name or an option is unknown to all of them, or as the explainer does.
    """
    check_explainer_names([name])
    known = {option for kind in EXPLAINERS for option in _options_of(kind)}
    if not known.issuperset(options):
        raise ValueError(
            f"No explainer has the options {sorted(set(options) - known)}; known: {sorted(known)}."
        )
    own = _options_of(name)
    chosen = {own[option]: value for option, value in options.items() if option in own}
    place = "stop_layer" if name == "stnet" else "layer"
    return EXPLAINERS[name](model, **{place: layer, **chosen})


def _options_of(name: str) -> dict[str, str]:
    """The parameters of an explainer, but for its model and place, by the names of options."""
    parameters = inspect.signature(EXPLAINERS[name]).parameters
    prefix = _PREFIXES.get(name, "")
    return {prefix + key: key for key in parameters if key not in ("model", "layer", "stop_layer")}


def check_explainer_names(names: Any, further: Any = ()) -> None:
    """Accepts explainers' names and any further ones.

    Raises:
        ValueError: If one is unknown; the sentence names the nearest.
    """
    known = [*EXPLAINERS, *further]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1) or known
            raise ValueError(f"No method is called {name!r}; did you mean {', '.join(near)}?")
