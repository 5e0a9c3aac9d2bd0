"""The trainable localizers by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import Any

from tfwsol.layers.argument_checks import check_whole_number
from tfwsol.methods.localizer import Localizer
from tfwsol.methods.networks.acol import acol
from tfwsol.methods.networks.adl import adl
from tfwsol.methods.networks.backbone import Backbone
from tfwsol.methods.networks.class_activation import cam, cutmix, has
from tfwsol.methods.networks.spg import spg

_BUILDERS: dict[str, Callable[..., Localizer]] = {
    "acol": acol,
    "adl": adl,
    "cam": cam,
    "cutmix": cutmix,
    "has": has,
    "spg": spg,
}


def names() -> list[str]:
    """The methods that `build` knows, sorted."""
    return sorted(_BUILDERS)


def build(method: str, backbone: Backbone, num_classes: int, **options: Any) -> Localizer:
    """A localizer to be trained: a Keras model with `fit` and `localize`.

    Args:
        method: A name of `names()`.
        backbone: A name of `backbones.names()`, or a functional or Sequential Keras model of
            one image input: a classifier, whose head stays where the number of classes is the
            same and nothing but a global average stands before it, or a network that ends with
            its last map. The model's layers and weights are shared.
        num_classes: At least one.
        options: Those of the method (`adl`: positions, drop_rate, drop_threshold, seed; `has`:
            grid_size, drop_rate, seed; `cutmix`: beta, probability, seed; `acol`: threshold,
            width; `spg`: guides, width, thresholds, guidance_size); `weights`; all others go to
            the backbone (input_shape, large_feature_map, output_stride, alpha, network, …).
            `weights` is "imagenet" where Keras' weights fit, a PyTorch, safetensors or
            tensorpack file, or a `.keras` file of the same backbone; for acol and spg also
            wsolevaluation's checkpoint of the whole method.

    Raises:
        ValueError: If the method, the backbone or an option is unknown or impossible.
        TypeError: If the backbone is neither a name nor a Keras model.
        tfwsol.checkpoints.CheckpointError: If a file of weights does not fit.
    """
    if method not in _BUILDERS:
        near = difflib.get_close_matches(str(method), names(), n=1) or names()
        raise ValueError(f"No method is called {method!r}; did you mean {', '.join(near)}?")
    num_classes = check_whole_number("num_classes", num_classes, 1)
    return _BUILDERS[method](backbone, num_classes, **options)


def options_of(method: str) -> list[str]:
    """The names of a method's own options, in order.

    Raises:
        KeyError: If the method is unknown.
    """
    parameters = inspect.signature(_BUILDERS[method]).parameters.values()
    own = [p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]
    return [name for name in own if name not in ("backbone", "num_classes", "weights")]
