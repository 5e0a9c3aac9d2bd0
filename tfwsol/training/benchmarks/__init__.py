"""Timings of training, beside those of `tfwsol.evaluation.benchmarks`."""

from tfwsol.training.benchmarks.training import training

__all__ = ["training"]
