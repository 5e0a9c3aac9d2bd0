"""What every filter search returns."""

from __future__ import annotations

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class SearchResult:
    """The filters found, one per row, and how the search went.

    Attributes:
        filters: float32, rows × frames × height × width, constrained, sign kept.
        loss: float32, rows. The published loop reports the last loss it evaluated, which
            belongs to the filter before its last update; the others that of `filters`.
        iterations: int32, rows: pairs of loss and gradient; for the published loop the index
            at which it stopped; 0 for closed forms.
        converged: bool, rows.
        film: float32, rows × pictures × frames × height × width: the filter on its way.
        film_loss: float32, rows × pictures.
    """

    filters: tf.Tensor
    loss: tf.Tensor
    iterations: tf.Tensor
    converged: tf.Tensor
    film: tf.Tensor
    film_loss: tf.Tensor

    @classmethod
    def without_film(
        cls, filters: tf.Tensor, loss: tf.Tensor, iterations: tf.Tensor, converged: tf.Tensor
    ) -> SearchResult:
        """A result whose film is the one picture of the filter found."""
        return cls(filters, loss, iterations, converged, filters[:, None], loss[:, None])
