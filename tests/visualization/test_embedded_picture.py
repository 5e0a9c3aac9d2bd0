"""Pictures inside an address."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tfwsol.visualization.embedded_picture import embed

NOISE = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)


def opened(picture):
    head, data = picture.address.split(",")
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert head == f"data:{image.get_format_mimetype()};base64"
    assert image.size == (picture.width, picture.height)
    return image


def test_flat_pictures_become_png_and_photographs_jpeg():
    flat = np.zeros((60, 90, 3), np.uint8)
    np.testing.assert_array_equal(np.asarray(opened(embed(flat, 200))), flat)
    image = opened(embed(NOISE, 200))
    assert image.format == "JPEG"
    assert np.abs(np.asarray(image).astype(int) - NOISE).mean() < 8


def test_wide_arrays_are_shrunk_and_tall_ones_are_not():
    assert opened(embed(NOISE, 30)).size == (30, 20)
    assert opened(embed(np.repeat(NOISE, 5, axis=0), 90)).size == (90, 300)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "JPEG"])
def test_files_go_in_as_they_are(kind):
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, format=kind)
    picture = embed(buffer.getvalue(), 30)
    assert base64.b64decode(picture.address.split(",")[1]) == buffer.getvalue()
    assert opened(picture).format == kind


def test_other_bytes_are_refused():
    with pytest.raises(ValueError, match="bytes of a PNG"):
        embed(b"<svg onload='x'/>", 30)
