"""Trains models with a recipe: losses, optimizer, many devices, restarts, scores by epoch."""

from tfwsol.training.distribution import Distribution
from tfwsol.training.fit import TrainingResult, fit
from tfwsol.training.grouped_sgd import GroupedSGD
from tfwsol.training.learning_rate import CosineDecay, StepDecay
from tfwsol.training.recipe import Recipe
from tfwsol.training.sgd_recipe import SGDRecipe
from tfwsol.training.training_data import DataError, TrainingData
from tfwsol.training.training_options import TrainingOptions
from tfwsol.training.training_run import DiskFullError, RunError

__all__ = [
    "CosineDecay",
    "DataError",
    "DiskFullError",
    "Distribution",
    "GroupedSGD",
    "Recipe",
    "RunError",
    "SGDRecipe",
    "StepDecay",
    "TrainingData",
    "TrainingOptions",
    "TrainingResult",
    "fit",
]
