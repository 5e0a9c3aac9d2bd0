"""CutMix: a rectangle of one training image pasted into another, and their labels mixed."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
from keras import ops

from tfwsol.layers.argument_checks import (
    check_rank,
    check_unit_interval,
    check_whole_number,
    image_data_format,
)
from tfwsol.layers.precision import in_precision


class CutMixDraw(NamedTuple):
    """Everything random in one call of `CutMix`, as arrays or tensors (Keras allows no mixture).

    Attributes:
        share: float scalar, the share of the area that an image should keep, 0 to 1; at 1 the
            batch stays as it is.
        permutation: int, batch; the image that the rectangle of each image comes from.
        centre: int, 2; row and column of the rectangle's centre.
    """

    share: Any
    permutation: Any
    centre: Any


def symmetric_beta(
    concentration: float, seed: keras.random.SeedGenerator, shape: tuple[int, ...] = ()
) -> Any:
    """Independent draws from Beta(b, b), float32.

    `keras.random.beta` cannot be compiled by XLA. Beta(b + 1, b + 1) has a closed form (Ulrich,
    "Computer generation of distributions on the m-sphere", 1984) in two uniform numbers; as the
    ratio of two gamma variables each of its parts then loses one unit of shape by a factor
    U^(1/b).
    """
    smallest = 1e-12
    uniform = keras.random.uniform((4, *shape), smallest, 1, dtype="float32", seed=seed)
    radius = ops.sqrt(1 - uniform[0] ** (2 / (2 * concentration + 1)))
    wide = 0.5 + 0.5 * radius * ops.cos(2 * math.pi * uniform[1])
    wide = ops.clip(wide, 1e-7, 1 - 1e-7)
    shift = (ops.log(uniform[2]) - ops.log(uniform[3])) / concentration
    return ops.sigmoid(ops.log(wide) - ops.log(1 - wide) + shift)


@keras.saving.register_keras_serializable(package="tfwsol")
class CutMix(keras.layers.Layer):
    """Pastes one rectangle of permuted images into a training batch and mixes the labels.

    The rectangle is the same for the whole batch. Its sides are √(1 − λ) of the image's, cut to
    whole pixels, with λ from Beta(beta, beta); it is cut off at the border, and the labels are
    mixed by the area that is really left. At inference the images come back as they are.

    Input: images, batch × height × width × channels (or channels first), and their labels: int,
    batch (with `num_classes`), or one-hot or soft, batch × classes. Output: the images and soft
    labels, float32, batch × classes, in training and at inference alike. Batch and sizes may be
    unknown.

    Source: Yun et al., "CutMix", ICCV 2019.

    Args:
        beta: Concentration of the distribution of the kept share λ, positive.
        probability: That a batch is mixed at all, 0 to 1.
        num_classes: Width of the soft labels; needed for whole-number labels only.
        seed: Of the draws, an int; None takes another one for every layer.
        data_format: "channels_last" or "channels_first"; None: Keras' setting.

    Raises:
        ValueError: If beta is not positive, the probability is not between 0 and 1, the images
            are not of rank 4, or whole-number labels come without `num_classes`.
    """

    def __init__(
        self,
        beta: float = 1.0,
        probability: float = 1.0,
        num_classes: int | None = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"autocast": False, **kwargs})
        if isinstance(beta, bool) or not 0 < beta < math.inf:
            raise ValueError(f"Expected a positive finite beta, but {beta!r} came.")
        self.beta = float(beta)
        self.probability = check_unit_interval("probability", probability)
        if num_classes is not None:
            num_classes = check_whole_number("num_classes", num_classes, 1)
        self.num_classes = num_classes
        self.seed = seed
        self.data_format = image_data_format(data_format)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(
        self, images_shape: tuple[int | None, ...], labels_shape: tuple[int | None, ...]
    ) -> None:
        """Makes nothing, since the layer has no weights."""
        check_rank("CutMix", images_shape)
        known = self.num_classes
        if len(labels_shape) == 2 and known in (None, labels_shape[1]):
            return
        if len(labels_shape) != 1 or known is None:
            raise ValueError(
                "CutMix expects labels of shape batch × classes, or of shape batch together with "
                f"num_classes, but shape {tuple(labels_shape)} and num_classes={known} came; "
                "say CutMix(num_classes=...)."
            )

    def call(
        self,
        images: Any,
        labels: Any,
        training: bool | None = None,
        draw: CutMixDraw | None = None,
    ) -> tuple[Any, Any]:
        """The mixed images, and λ' · y + (1 − λ') · y[permutation] with the share λ' really kept.

        Args:
            images: The images.
            labels: Their labels.
            training: False or None: only the labels are made soft.
            draw: Fixed random choices for this call, for tests; None draws them.
        """
        images = in_precision(images, self.compute_dtype)
        targets = self._targets(labels)
        if not training or not self.probability:
            return images, targets
        last = self.data_format == "channels_last"
        batch = ops.shape(images)[0]
        height, width = ops.shape(images)[1:3] if last else ops.shape(images)[2:4]
        if draw is None:
            draw = self._draw(batch, height, width)
        pasted, kept = _rectangle(draw, height, width)
        pasted = pasted[None, :, :, None] if last else pasted[None, None]
        permutation = ops.convert_to_tensor(draw.permutation, dtype="int32")
        images = ops.where(pasted, ops.take(images, permutation, axis=0), images)
        others = ops.take(targets, permutation, axis=0)
        return images, kept * targets + (1 - kept) * others

    def _draw(self, batch: Any, height: Any, width: Any) -> CutMixDraw:
        seed = self.seed_generator
        corner = keras.random.uniform((2,), dtype="float32", seed=seed)
        sides = ops.cast(ops.stack([height, width]), "float32")
        # Just below 1 times a large side may round up to the side itself.
        centre = ops.minimum(ops.floor(corner * sides), sides - 1)
        mixed = keras.random.uniform((), dtype="float32", seed=seed) < self.probability
        return CutMixDraw(
            share=ops.where(mixed, symmetric_beta(self.beta, seed), 1.0),
            permutation=ops.argsort(keras.random.uniform((batch,), dtype="float32", seed=seed)),
            centre=ops.cast(centre, "int32"),
        )

    def _targets(self, labels: Any) -> Any:
        labels = ops.convert_to_tensor(labels)
        if len(labels.shape) == 2:
            return ops.cast(labels, "float32")
        return ops.one_hot(ops.cast(labels, "int32"), self.num_classes, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """The arguments this layer was made with."""
        return {
            **super().get_config(),
            "beta": self.beta,
            "probability": self.probability,
            "num_classes": self.num_classes,
            "seed": self.seed,
            "data_format": self.data_format,
        }


def _rectangle(draw: CutMixDraw, height: Any, width: Any) -> tuple[Any, Any]:
    """What is pasted, bool height × width, and the share of the image that is kept."""
    edge = ops.sqrt(1 - ops.cast(draw.share, "float32"))
    centre = ops.convert_to_tensor(draw.centre, dtype="int32")
    inside = []
    for side, middle in ((height, centre[0]), (width, centre[1])):
        half = ops.cast(ops.floor(edge * ops.cast(side, "float32")), "int32") // 2
        cells = ops.arange(side, dtype="int32")
        inside.append(ops.logical_and(cells >= middle - half, cells < middle + half))
    pasted = ops.logical_and(inside[0][:, None], inside[1][None, :])
    return pasted, 1 - ops.mean(ops.cast(pasted, "float32"))
