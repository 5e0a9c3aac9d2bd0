"""Fits a model with a recipe."""

from tfwsol.training.fit import TrainingRecord, fit
from tfwsol.training.recipe import Recipe

__all__ = ["Recipe", "TrainingRecord", "fit"]
