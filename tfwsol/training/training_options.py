"""How to train, beside the numbers of the recipe."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import keras

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
SPLITS = ("val", "test")
_NO_OUTCOME = ("save_every", "log_every", "pictures")


@dataclasses.dataclass(frozen=True)
class TrainingOptions:
    """What may be asked for with any recipe.

    Attributes:
        seed: Of everything that is drawn without a seed of its own: weights, dropout.
        label_smoothing: Share of the target that is spread over all classes.
        ema: Momentum of a moving average of the weights, which is scored and kept in their
            place; 0: none. Statistics of normalisation layers are averages anyway.
        precision: Keras' policy for the model; "mixed_float16" brings a loss scale.
        jit_compile: Compile the step with XLA.
        accumulate: Cut every batch into so many parts, which need less memory.
        save_every: Steps between two saved states; one is saved after every epoch anyway.
        log_every: Steps between two looks at the loss, which wait for the device.
        score_every: Epochs between two scores; the last epoch is always scored. 0: never.
        select_on: The split whose score chooses the checkpoint. The literature mostly chose on
            "test", which flatters; the results say so.
        select_by: The number of that split to choose by, the higher the better; None: its first.
        pictures: Whether the pictures of a score go into the event files.

    Raises:
        ValueError: A value is unknown or out of its range.
    """

    seed: int = 0
    label_smoothing: float = 0.0
    ema: float = 0.0
    precision: str = "float32"
    jit_compile: bool = False
    accumulate: int = 1
    save_every: int = 500
    log_every: int = 10
    score_every: int = 1
    select_on: str = "val"
    select_by: str | None = None
    pictures: bool = True

    def __post_init__(self):
        for name, known in (("precision", PRECISIONS), ("select_on", SPLITS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"Expected {name} to be one of {known}, but {getattr(self, name)!r} came."
                )
        if not 0 <= self.label_smoothing < 1 or not 0 <= self.ema < 1:
            raise ValueError(
                "Label smoothing and the momentum of the average lie from 0 to below 1; got "
                f"{self.label_smoothing} and {self.ema}."
            )
        if min(self.accumulate, self.save_every, self.log_every) < 1:
            raise ValueError(
                "accumulate, save_every and log_every are at least 1; got "
                f"{self.accumulate}, {self.save_every} and {self.log_every}."
            )
        if min(self.score_every, self.seed) < 0:
            raise ValueError(
                f"score_every and seed are not negative; got {self.score_every} and {self.seed}."
            )

    def identity(self) -> dict[str, Any]:
        """What of it decides the outcome."""
        plain = dataclasses.asdict(self)
        return {name: value for name, value in plain.items() if name not in _NO_OUTCOME}

    @contextlib.contextmanager
    def policy(self) -> Iterator[None]:
        """The context in which layers are made with this precision."""
        before = keras.config.dtype_policy()
        if self.precision != "float32":
            keras.config.set_dtype_policy(self.precision)
        try:
            yield
        finally:
            keras.config.set_dtype_policy(before)

    def scaled(self, optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
        """The optimizer with the loss scale that the precision needs."""
        if self.precision != "mixed_float16":
            return optimizer
        return keras.optimizers.LossScaleOptimizer(optimizer)

    def optimizer_options(self) -> dict[str, Any]:
        """What the recipe's optimizer has to know."""
        return {"use_ema": True, "ema_momentum": self.ema} if self.ema else {}
