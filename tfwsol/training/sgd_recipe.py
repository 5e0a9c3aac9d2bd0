"""The numbers that the published localizers are trained by."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from tfwsol.training.grouped_sgd import GroupedSGD
from tfwsol.training.learning_rate import CosineDecay, StepDecay


@dataclasses.dataclass(frozen=True)
class SGDRecipe:
    """Momentum descent on batches of one size over a number of epochs.

    Attributes:
        epochs: As the schedule counts them.
        batch_size: Images per step, over all devices and machines.
        learning_rate: Its course.
        momentum: Of the descent.
        nesterov: Whether it looks ahead.
        weight_decay: L2, added to the gradient.
        decay_form: Which weights decay: "kernels" or "all", see `GroupedSGD`.
        multipliers: (expression, multiplier): learning-rate groups, see `GroupedSGD`.
        steps_per_epoch: None: one pass over the data. The TensorFlow code of ADL counts epochs of
            int(25 · (256 / batch) · 5) steps on CUB and int(5000 · (256 / batch) · 0.2) on
            ImageNet.

    Raises:
        ValueError: A number is out of its range.
    """

    epochs: int = 50
    batch_size: int = 32
    learning_rate: StepDecay | CosineDecay = CosineDecay(0.01)  # noqa: RUF009
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 1e-4
    decay_form: str = "all"
    multipliers: tuple[tuple[str, float], ...] = ()
    steps_per_epoch: int | None = None

    def __post_init__(self):
        if min(self.epochs, self.batch_size, self.steps_per_epoch or 1) < 1:
            raise ValueError(f"Epochs, batches and steps are at least one; got {self}.")

    def optimizer(self, steps_per_epoch: int, **options: Any) -> keras.optimizers.Optimizer:
        """The optimizer with its schedule; options as `keras.optimizers.Optimizer` takes them."""
        return GroupedSGD(
            self.learning_rate.schedule(steps_per_epoch, self.epochs),
            self.momentum,
            self.nesterov,
            self.weight_decay,
            self.decay_form,
            self.multipliers,
            **options,
        )
