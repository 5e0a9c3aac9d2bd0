"""Momentum descent with learning-rate groups and the published forms of weight decay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

DECAY_FORMS = ("kernels", "all")


@keras.saving.register_keras_serializable(package="tfwsol")
class GroupedSGD(keras.optimizers.Optimizer):
    """v ← μ v + m (g + λ w), then w ← w − η (m (g + λ w) + μ v), or w ← w − η v.

    η is the learning rate, μ the momentum, m the multiplier of the weight's group and λ the
    weight decay. The rate stands outside the velocity, as in PyTorch and in TensorFlow 1; Keras'
    own SGD has it inside, which differs when the rate drops. Scaling the gradient together with
    its decay before the momentum (the TensorFlow code of ADL) and scaling the rate of a group
    (PyTorch) are one and the same here; the two differ in what decays.

    Args:
        learning_rate: A number or a Keras schedule.
        momentum: μ, 0 to 1.
        nesterov: Which of the two updates.
        decay: λ: L2, added to the gradient.
        decay_form: "kernels": convolution and dense kernels only, as in the TensorFlow code of
            ADL. "all": every trainable weight, biases and normalisation included, as PyTorch's
            SGD and with it wsolevaluation do.
        multipliers: Regular expressions and the multiplier of the weights in whose path
            (`layer/kernel`, with the model's name before it unless it is functional) they are
            found; the first that is found counts, others have 1.
        **kwargs: Of `keras.optimizers.Optimizer`: `use_ema`, `ema_momentum`, clipping.

    Raises:
        ValueError: A number is out of its range, the form is unknown or, when it is built, an
            expression is found in no weight's path.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.9,
        nesterov: bool = True,
        decay: float = 0.0,
        decay_form: str = "kernels",
        multipliers: Mapping[str, float] | Sequence[tuple[str, float]] = (),
        name: str = "grouped_sgd",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        if decay_form not in DECAY_FORMS:
            raise ValueError(
                f"Expected the weight decay to be one of {DECAY_FORMS}, but {decay_form!r} came."
            )
        pairs = multipliers.items() if isinstance(multipliers, Mapping) else multipliers
        self.multipliers = [(str(pattern), float(factor)) for pattern, factor in pairs]
        if not 0 <= momentum < 1 or decay < 0 or any(m < 0 for _, m in self.multipliers):
            raise ValueError(
                "The momentum lies from 0 to below 1, and decay and multipliers are not negative; "
                f"got {momentum}, {decay} and {self.multipliers}."
            )
        self.momentum, self.nesterov = float(momentum), bool(nesterov)
        self.decay, self.decay_form = float(decay), decay_form

    def build(self, variables: list[keras.Variable]) -> None:
        """Makes one velocity per weight and sorts the weights into their groups."""
        if self.built:
            return
        super().build(variables)
        paths = [variable.path for variable in variables]
        for pattern, _ in self.multipliers:
            if not any(re.search(pattern, path) for path in paths):
                layers = list(dict.fromkeys(path.split("/")[-2] for path in paths))
                raise ValueError(
                    f"The learning-rate group {pattern!r} is found in no weight's name; the layers "
                    f"are {', '.join(layers)}."
                )
        self._factors = [self.multiplier(path) for path in paths]
        self._decays = [
            self.decay if self.decay_form == "all" or path.endswith("kernel") else 0.0
            for path in paths
        ]
        self._velocities = self.add_optimizer_variables(variables, "velocity")

    def multiplier(self, path: str) -> float:
        """The multiplier of the weight with a path."""
        found = (factor for pattern, factor in self.multipliers if re.search(pattern, path))
        return next(found, 1.0)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One step of one weight."""
        index = self._get_variable_index(variable)
        velocity = self._velocities[index]
        gradient = ops.cast(ops.convert_to_tensor(gradient), variable.dtype)
        if self._decays[index]:
            gradient = gradient + self._decays[index] * ops.convert_to_tensor(variable)
        gradient = self._factors[index] * gradient
        speed = self.momentum * ops.convert_to_tensor(velocity) + gradient
        self.assign(velocity, speed)
        move = gradient + self.momentum * speed if self.nesterov else speed
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * move)

    def get_config(self) -> dict[str, Any]:
        """The arguments this optimizer was made with."""
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "decay": self.decay,
            "decay_form": self.decay_form,
            "multipliers": [list(pair) for pair in self.multipliers],
        }
