"""The loop over steps and epochs: look at the loss, save, score, report."""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tqdm

from tfwsol.training.epoch_scores import EpochScores
from tfwsol.training.event_log import EventLog
from tfwsol.training.moving_average import averaged
from tfwsol.training.training_data import Feed
from tfwsol.training.training_options import TrainingOptions
from tfwsol.training.training_run import BEST, LAST, STATE, TrainingRun
from tfwsol.training.training_step import TrainingStep


@dataclasses.dataclass
class StepLoop:
    """Makes all steps that are left of a run.

    Attributes:
        model: In training.
        optimizer: Its optimizer.
        make_step: Makes one step of it.
        feed: Where the batches come from.
        run: Where everything is kept.
        events: Where curves and pictures go; None on machines that do not write.
        scores: Asked after every epoch.
        options: How often to do what.
        steps: Of an epoch.
        step: How many are done.
    """

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    make_step: TrainingStep
    feed: Feed
    run: TrainingRun
    events: EventLog | None
    scores: EpochScores
    options: TrainingOptions
    steps: int
    step: int = 0

    def __post_init__(self):
        self._sums, self._seconds = np.zeros(3), 0.0
        self._waiting: list[tf.Tensor] = []
        self._clock = time.perf_counter()

    def resume(self) -> int:
        """Goes back to the saved state and returns its step, 0 if there is none."""
        position = self.run.load(self._variables())
        self.step = position.get("step", 0)
        self._sums = np.array(position.get("sums", [0.0] * 3))
        self._seconds = position.get("seconds", 0.0)
        if not self.run.finished:
            self.run.cut_steps(self.step)
            kept = self.run.metrics.get("epochs", [])
            self.run.metrics["epochs"] = kept[: self.step // self.steps]
        return self.step

    def go(self, epochs: int, quiet: bool = False) -> None:
        """Makes the steps that are left of so many epochs."""
        total = epochs * self.steps
        pause = 0.2 if sys.stderr.isatty() else 10.0
        shown = {"initial": self.step, "mininterval": pause, "disable": self._silent(quiet)}
        bar = tqdm.tqdm(None, "training", total, unit=" steps", **shown)
        with bar:
            self._end_epoch_if_due(epochs, bar)
            self._clock = time.perf_counter()
            for images, labels, weight in self.feed(self.step, total):
                self._waiting.append(self.make_step(images, labels, weight))
                self.step += 1
                bar.update()
                self._look_and_save(bar)
                self._end_epoch_if_due(epochs, bar)

    def finish(self, quiet: bool = False) -> None:
        """Keeps the last weights and says which epoch was chosen."""
        with averaged(self.model, self.optimizer):
            self.run.save_weights(self.model, LAST)
        metrics = self.run.metrics
        if "best_epoch" not in metrics:
            metrics.update(self.scores.best(metrics["epochs"]))
        metrics["finished"] = True
        self.run.save_metrics()
        if not self._silent(quiet):
            print(f"Epoch {metrics['best_epoch']} was chosen: {metrics['chosen']}.")

    def _look_and_save(self, bar: tqdm.tqdm) -> None:
        at_end = self.step % self.steps == 0
        save = at_end or self.step % self.options.save_every == 0
        if save or self.step % self.options.log_every == 0:
            self._look(bar)
        if save:
            self._save()

    def _look(self, bar: tqdm.tqdm) -> None:
        """Waits for the steps made, adds up their numbers and stops at a loss that is none."""
        if not self._waiting:
            return
        found = np.stack([numbers.numpy() for numbers in self._waiting]).astype(np.float64)
        self._waiting.clear()
        now = time.perf_counter()
        self._seconds, self._clock = self._seconds + now - self._clock, now
        self._sums += found[:, :3].sum(axis=0)
        losses = found[:, 0] / found[:, 2]
        first = self.step - len(losses) + 1
        rows = [
            (step, (step - 1) // self.steps + 1, float(loss), float(rate))
            for step, (loss, rate) in enumerate(zip(losses, found[:, 3], strict=True), first)
        ]
        self.run.add_steps(rows)
        for step, _, loss, rate in rows:
            if not math.isfinite(loss):
                raise FloatingPointError(self._stopped(step, loss, rate))
        rate = rows[-1][3]
        if self.events:
            self.events.numbers({"loss": losses.mean(), "learning_rate": rate}, self.step)
        bar.set_postfix_str(f"loss {losses[-1]:.4f}, rate {rate:.2g}", refresh=False)

    def _stopped(self, step: int, loss: float, rate: float) -> str:
        kept = self.run.path / STATE
        after = "" if kept.exists() else "; nothing was saved before"
        return (
            f"The loss became {loss} at step {step} (step {(step - 1) % self.steps + 1} of epoch "
            f"{(step - 1) // self.steps + 1}), so training stopped; try a learning rate below "
            f"{rate:.2g}, a longer warm-up or look for broken images{after}."
        )

    def _save(self) -> None:
        position = {"step": self.step, "sums": self._sums.tolist(), "seconds": self._seconds}
        self.run.save(self._variables(), position)

    def _end_epoch_if_due(self, epochs: int, bar: tqdm.tqdm) -> None:
        """Closes an epoch whose steps are made, unless that was done before a kill."""
        done = self.run.metrics.setdefault("epochs", [])
        if self.step % self.steps or len(done) == self.step // self.steps:
            return
        epoch = self.step // self.steps
        entry = self._trained(epoch)
        if self.scores.due(epoch, epochs):
            with averaged(self.model, self.optimizer):
                numbers, pictures = self.scores(self.model)
                entry.update(numbers)
                self._choose([*done, entry])
            self._show(numbers, pictures)
        done.append(entry)
        self._sums[:], self._seconds = 0.0, 0.0
        self.run.save_metrics()
        if not bar.disable:
            bar.write(_words(entry, epochs), file=sys.stdout)
        self._clock = time.perf_counter()

    def _trained(self, epoch: int) -> dict[str, Any]:
        loss, right, count = self._sums.tolist()
        return {
            "epoch": epoch,
            "step": self.step,
            "loss": loss / count,
            "accuracy": 100.0 * right / count,
            "seconds": self._seconds,
            "images_per_second": count / max(self._seconds, 1e-9),
        }

    def _choose(self, epochs: list[dict[str, Any]]) -> None:
        """Keeps the weights if the last of the epochs is the best so far."""
        best = self.scores.best(epochs)
        if best["best_epoch"] == epochs[-1]["epoch"]:
            self.run.save_weights(self.model, BEST)
        self.run.metrics.update(best)

    def _show(self, numbers: dict[str, Any], pictures: dict[str, np.ndarray]) -> None:
        if self.events:
            flat = {f"{split}/{k}": v for split, ks in numbers.items() for k, v in ks.items()}
            self.events.numbers(flat, self.step)
            if self.options.pictures:
                self.events.pictures(pictures, self.step)
            self.events.flush()

    def _silent(self, quiet: bool) -> bool:
        return quiet or not self.run.writes

    def _variables(self) -> list[keras.Variable]:
        return [*self.model.variables, *self.optimizer.variables]


def _words(entry: dict[str, Any], epochs: int) -> str:
    scores = [
        f"{split} {name} {value:.2f}"
        for split, values in entry.items()
        if isinstance(values, dict)
        for name, value in values.items()
    ]
    return ", ".join(
        [
            f"epoch {entry['epoch']}/{epochs}: loss {entry['loss']:.4f}",
            f"accuracy {entry['accuracy']:.1f} %",
            *scores,
            f"{entry['images_per_second']:.0f} images/s",
        ]
    )
