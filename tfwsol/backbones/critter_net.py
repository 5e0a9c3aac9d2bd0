"""A network small enough to train in two minutes on two cores."""

from __future__ import annotations

import keras


def critter_net(
    num_classes: int = 10,
    input_shape: tuple[int, int, int] = (96, 96, 3),
    seed: int | None = None,
) -> keras.Model:
    """An untrained classifier of 188 thousand weights whose last map has stride 8.

    Four convolutions with 32, 64, 96 and 128 filters, each with batch normalisation and ReLU,
    a pool after the first and the second, a global average and one dense layer. A 96-pixel
    image leaves a 12 × 12 × 128 map in the layer ``features``.

    Args:
        num_classes: Width of the output.
        input_shape: Height, width and channels; the sides are at least 8.
        seed: Of the initial weights; None draws others every time.

    Returns:
        A functional model from RGB images, batch × height × width × channels in 0..255 and of
        any dtype, to logits, batch × classes. It has no softmax and brings its own scaling,
        (x / 255 - 0.45) / 0.25.

    Raises:
        ValueError: The number of classes is not positive or the images are too small.
    """
    if num_classes < 1 or min(input_shape[:2]) < 8:
        raise ValueError(
            "critter_net expects at least one class and images of at least 8 × 8 pixels, "
            f"got num_classes={num_classes} and input_shape={tuple(input_shape)}."
        )
    seeds = [None] * 5 if seed is None else [5 * seed + place for place in range(5)]
    image = keras.Input(input_shape, name="image")
    x = keras.layers.Rescaling(1 / (255 * 0.25), offset=-0.45 / 0.25, name="rescaling")(image)
    x = _convolution(x, 32, 4, "conv1", "relu1", seeds[0], strides=2)
    x = keras.layers.MaxPooling2D(name="pool1")(x)
    x = _convolution(x, 64, 3, "conv2", "relu2", seeds[1])
    x = keras.layers.MaxPooling2D(name="pool2")(x)
    x = _convolution(x, 96, 3, "conv3", "relu3", seeds[2])
    x = _convolution(x, 128, 3, "conv4", "features", seeds[3])
    x = keras.layers.GlobalAveragePooling2D(name="average")(x)
    kernel = keras.initializers.GlorotUniform(seeds[4])
    logits = keras.layers.Dense(num_classes, kernel_initializer=kernel, name="logits")(x)
    return keras.Model(image, logits, name="critter_net")


def _convolution(
    x: keras.KerasTensor,
    filters: int,
    size: int,
    name: str,
    output_name: str,
    seed: int | None,
    strides: int = 1,
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed),
        name=name,
    )(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return keras.layers.ReLU(name=output_name)(x)
