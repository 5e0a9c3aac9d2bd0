"""Hide-and-seek: training images with random square holes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfwsol.layers.argument_checks import (
    check_rank,
    check_unit_interval,
    check_whole_number,
    image_data_format,
)
from tfwsol.layers.precision import in_precision


@keras.saving.register_keras_serializable(package="tfwsol")
class HideAndSeek(keras.layers.Layer):
    """Zeroes random cells of a grid in each training image, each image with holes of its own.

    The images are normalised already, so that zero is the mean colour of the data set. Cells at
    the lower and right border are cut where the grid does not divide the image. Rows count along
    the height here; wsolevaluation, whose settings these are, mixes up the sides of images that
    are not square. Nothing happens at inference.

    Input and output: batch × height × width × channels (or channels first); batch and sizes may
    be unknown.

    Source: Singh & Lee, "Hide-and-Seek", ICCV 2017, with one grid size and zero as fill as in
    wsolevaluation.

    Args:
        grid_size: Side of a cell in pixels; 0 hides nothing.
        drop_rate: Probability that a cell is hidden, 0 to 1.
        seed: Of the draws, an int; None takes another one for every layer.
        data_format: "channels_last" or "channels_first"; None: Keras' setting.

    Raises:
        ValueError: If the grid size is negative, the rate is not between 0 and 1 or the input is
            not of rank 4.
    """

    def __init__(
        self,
        grid_size: int = 4,
        drop_rate: float = 0.5,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        self.grid_size = check_whole_number("grid_size", grid_size, 0)
        self.drop_rate = check_unit_interval("drop_rate", drop_rate)
        self.seed = seed
        self.data_format = image_data_format(data_format)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes nothing, since the layer has no weights."""
        check_rank("HideAndSeek", input_shape)

    def call(self, inputs: Any, training: bool | None = None, draws: Any = None) -> Any:
        """The images with every cell at zero whose draw u is at most `drop_rate`.

        Args:
            inputs: The images.
            training: False or None: the images come back as they are.
            draws: Fixed u for this call, for tests: float, batch × rows × columns of cells,
                where the last row and column may be partial cells; None draws them.
        """
        images = in_precision(inputs, self.compute_dtype)
        if not training or not self.grid_size or not self.drop_rate:
            return images
        last = self.data_format == "channels_last"
        height, width = ops.shape(images)[1:3] if last else ops.shape(images)[2:4]
        grid = self.grid_size
        if draws is None:
            cells = (ops.shape(images)[0], -(-height // grid), -(-width // grid))
            draws = keras.random.uniform(cells, dtype="float32", seed=self.seed_generator)
        kept = ops.cast(ops.convert_to_tensor(draws) > self.drop_rate, images.dtype)
        kept = ops.take(kept, ops.arange(height, dtype="int32") // grid, axis=1)
        kept = ops.take(kept, ops.arange(width, dtype="int32") // grid, axis=2)
        return images * ops.expand_dims(kept, -1 if last else 1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments this layer was made with."""
        return {
            **super().get_config(),
            "grid_size": self.grid_size,
            "drop_rate": self.drop_rate,
            "seed": self.seed,
            "data_format": self.data_format,
        }
