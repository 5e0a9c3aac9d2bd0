"""Learning rates by epoch, as the papers give them."""

from __future__ import annotations

import dataclasses

import keras

Schedule = keras.optimizers.schedules.LearningRateSchedule


@dataclasses.dataclass(frozen=True)
class StepDecay:
    """A rate that is multiplied by a factor after some epochs.

    Attributes:
        rate: Of the first epochs.
        drops: Whole epochs after which it is multiplied, ascending. The authors' TensorFlow code
            of ADL: 30, 60, 90, 100 of 105.
        factor: By how much, 0 to 1.

    Raises:
        ValueError: A number is out of its range.
    """

    rate: float
    drops: tuple[int, ...] = (30, 60, 90, 100)
    factor: float = 0.1

    def __post_init__(self):
        if self.rate <= 0 or not 0 < self.factor <= 1:
            raise ValueError(f"A rate is positive and a factor between 0 and 1; got {self}.")
        if min(self.drops, default=0) < 0 or list(self.drops) != sorted(set(self.drops)):
            raise ValueError(f"Expected ascending numbers of epochs, but {self.drops} came.")

    @classmethod
    def at_start_of(
        cls, rate: float, frequency: int, epochs: int, factor: float = 0.1
    ) -> StepDecay:
        """The rule of wsolevaluation: epoch `frequency`, 2 · `frequency`, … starts decayed.

        Its epochs count from 1, so the first drop comes after `frequency` − 1 whole epochs.
        """
        if frequency < 1:
            raise ValueError(f"A frequency is at least one epoch; got {frequency}.")
        return cls(rate, tuple(range(frequency - 1, epochs, frequency)), factor)

    def schedule(self, steps_per_epoch: int, epochs: int) -> Schedule:
        """The rate of every step."""
        del epochs
        # Keras keeps a value up to and including its boundary.
        boundaries = [drop * steps_per_epoch - 1 for drop in self.drops]
        values = [self.rate * self.factor**power for power in range(len(boundaries) + 1)]
        if not boundaries:
            # Keras' schedule cannot be without any.
            boundaries, values = [0], values * 2
        return keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)


@dataclasses.dataclass(frozen=True)
class CosineDecay:
    """A rate that rises from nothing in a warm-up and falls as a half cosine to its floor.

    Attributes:
        rate: The highest.
        warmup_epochs: Length of the rise; may be a fraction.
        floor: Share of the rate that is left at the end.

    Raises:
        ValueError: A number is out of its range.
    """

    rate: float
    warmup_epochs: float = 0.0
    floor: float = 0.0

    def __post_init__(self):
        if self.rate <= 0 or self.warmup_epochs < 0 or not 0 <= self.floor <= 1:
            raise ValueError(
                "A rate is positive, a warm-up not negative and a floor between 0 and 1; got "
                f"{self}."
            )

    def schedule(self, steps_per_epoch: int, epochs: int) -> Schedule:
        """The rate of every step."""
        warmup = round(self.warmup_epochs * steps_per_epoch)
        return keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else self.rate,
            warmup_target=self.rate if warmup else None,
            warmup_steps=warmup,
            decay_steps=max(1, epochs * steps_per_epoch - warmup),
            alpha=self.floor,
        )
