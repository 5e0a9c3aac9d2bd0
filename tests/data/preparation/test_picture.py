import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfwsol.data.preparation.decoding import decode_as_pillow
from tfwsol.data.preparation.picture import (
    PictureError,
    readable_mask,
    readable_picture,
    unknown_mask,
)

PIXELS = np.kron(
    np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8), np.ones((8, 8, 1), np.uint8)
)


def encoded(mode="RGB", kind="jpeg", pixels=PIXELS, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def with_alpha():
    image = Image.fromarray(PIXELS)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


ROTATED = Image.Exif()
ROTATED[0x0112] = 6  # orientation

STAY = {
    "RGB JPEG": encoded(),
    "grey JPEG": encoded("L"),
    "progressive JPEG": encoded(progressive=True),
    "PNG called JPEG": encoded(kind="png"),
    "grey PNG": encoded("L", "png"),
    "JPEG with a tail": encoded() + b"\0" * 9,
    "rotated by a mark": encoded(exif=ROTATED),
}
CHANGE = {
    "CMYK JPEG": encoded("CMYK"),
    "palette PNG": encoded("P", "png"),
    "1-bit PNG": encoded("1", "png"),
    "RGBA PNG": with_alpha(),
    "GIF": encoded("P", "gif"),
    "BMP": encoded(kind="bmp"),
    "WebP": encoded(kind="webp"),
    "transparent colour": encoded(kind="png", transparency=tuple(PIXELS[0, 0].tolist())),
}


def as_load_reads(data):
    return decode_as_pillow(tf.constant(data)).numpy()


def as_pillow_reads(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("kind", STAY)
def test_what_tensorflow_reads_as_pillow_does_stays_byte_for_byte(kind):
    data, size = readable_picture(STAY[kind])
    assert data == STAY[kind]
    assert size == (24, 40)
    np.testing.assert_array_equal(as_load_reads(data), as_pillow_reads(data))


@pytest.mark.parametrize("kind", CHANGE)
def test_all_else_becomes_png_without_loss(kind):
    data, size = readable_picture(CHANGE[kind])
    assert size == (24, 40)
    assert data.startswith(b"\x89PNG")
    np.testing.assert_array_equal(as_load_reads(data), as_pillow_reads(CHANGE[kind]))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html>404</html>", "no picture"),
        (encoded()[:300], "(?i)truncated"),
        (encoded()[:-200], "(?i)truncated"),
        (encoded()[:-2], "(?i)truncated"),
        (encoded(kind="png")[:-30], "."),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "."),
    ],
)
def test_broken_pictures_are_refused(data, words):
    with pytest.raises(PictureError, match=words):
        readable_picture(data)


def test_more_than_8_bits_are_refused():
    buffer = io.BytesIO()
    Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(buffer, "png")
    with pytest.raises(PictureError, match="more than 8 bits"):
        readable_picture(buffer.getvalue())


def test_a_mask_is_the_union_of_its_files_from_128_on():
    one = np.array([[0, 127, 128], [255, 0, 0]], np.uint8)
    two = np.array([[0, 0, 0], [0, 0, 200]], np.uint8)
    files = [encoded("L", "png", np.stack([mask] * 3, -1)) for mask in (one, two)]
    found = tf.io.decode_image(readable_mask(files, (2, 3))).numpy()
    np.testing.assert_array_equal(found[..., 0], [[0, 0, 1], [1, 0, 1]])
    with pytest.raises(PictureError, match="mask is 3 × 2 pixels, the picture 2 × 3"):
        readable_mask(files, (3, 2))


def test_masks_of_a_copy_keep_the_size_of_the_first():
    large, small = np.zeros((4, 6), np.uint8), np.zeros((2, 3), np.uint8)
    large[3, 5] = small[0, 1] = 255
    files = [encoded("L", "png", np.stack([mask] * 3, -1)) for mask in (large, small)]
    found = tf.io.decode_image(readable_mask(files, (20, 30), scaled=True)).numpy()[..., 0]
    expected = np.zeros((4, 6))
    expected[0:2, 2:4] = expected[3, 5] = 1
    np.testing.assert_array_equal(found, expected)
    found = tf.io.decode_image(readable_mask(files[::-1], (20, 30), scaled=True)).numpy()[..., 0]
    # Nearest neighbour takes the first pixel of each four, and another one was drawn.
    np.testing.assert_array_equal(found, [[0, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("size", "fits"), [((1024, 683), True), ((1000, 667), True), ((20, 15), False)]
)
def test_a_copy_has_the_proportions_of_the_picture(size, fits):
    mask = encoded("L", "png", np.zeros((1536, 1024, 3), np.uint8))
    if fits:
        assert tf.io.decode_image(readable_mask([mask], size, scaled=True)).shape[:2] == (
            1536,
            1024,
        )
    else:
        with pytest.raises(PictureError, match="mask is 1024 × 1536 pixels, the picture 15 × 20"):
            readable_mask([mask], size, scaled=True)


def test_an_unknown_mask_is_255():
    found = tf.io.decode_image(unknown_mask((2, 3))).numpy()
    np.testing.assert_array_equal(found, np.full((2, 3, 1), 255))
