"""Image files of every kind come in as 8-bit RGB."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfwsol.data.photograph import PhotographError, find_images, read_image

RGB = np.random.default_rng(3).integers(0, 256, (6, 9, 3), dtype=np.uint8)
GREY = RGB[..., 0]


def saved(path, image, **options):
    image.save(path, **options)
    return path


def png_chunk(kind, data):
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png_file(values, colour_type):
    """A 16-bit PNG file, written by hand because Pillow only writes grey ones."""
    height, width = values.shape[:2]
    rows = values.astype(">u2").reshape(height, -1)
    pixels = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def assert_picture(image, expected, tolerance=0):
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    np.testing.assert_allclose(image.astype(int), np.rint(expected).astype(int), atol=tolerance)


def test_rgb_is_unchanged(tmp_path):
    image = read_image(saved(tmp_path / "a.png", Image.fromarray(RGB)))
    assert_picture(image, RGB)
    assert image.flags.writeable
    assert_picture(read_image(str(tmp_path / "a.png")), RGB)


def test_grey_becomes_three_equal_channels(tmp_path):
    image = read_image(saved(tmp_path / "a.png", Image.fromarray(GREY)))
    assert_picture(image, np.stack([GREY] * 3, -1))


def test_one_bit_becomes_black_and_white(tmp_path):
    bits = GREY > 127
    image = read_image(saved(tmp_path / "a.png", Image.fromarray(bits)))
    assert_picture(image, np.stack([bits * 255] * 3, -1))


@pytest.mark.parametrize("colour", [RGB, GREY[..., None]], ids=["RGBA", "LA"])
def test_transparent_pixels_lie_on_white(tmp_path, colour):
    alpha = np.random.default_rng(4).integers(0, 256, (6, 9, 1), dtype=np.uint8)
    alpha[0], alpha[1] = 0, 255
    file = saved(tmp_path / "a.png", Image.fromarray(np.concatenate([colour, alpha], -1)))
    opacity = alpha / 255
    expected = np.broadcast_to(opacity * colour + (1 - opacity) * 255, RGB.shape)
    assert_picture(read_image(file), expected, tolerance=1)


@pytest.mark.parametrize("transparent", [None, 1])
def test_palette_colours_and_their_transparency(tmp_path, transparent):
    index = (GREY % 3).astype(np.uint8)
    palette = np.array([[255, 0, 0], [0, 200, 0], [10, 20, 30]], np.uint8)
    image = Image.fromarray(index).convert("P")
    image.putdata(index.ravel().tolist())
    image.putpalette(palette.ravel().tolist())
    options = {} if transparent is None else {"transparency": transparent}
    expected = palette[index]
    if transparent is not None:
        expected[index == transparent] = 255
    assert_picture(read_image(saved(tmp_path / "a.png", image, **options)), expected)


def test_grey_with_one_transparent_value(tmp_path):
    file = saved(tmp_path / "a.png", Image.fromarray(GREY), transparency=int(GREY[2, 2]))
    expected = np.where(GREY[2, 2] == GREY, 255, GREY)
    assert_picture(read_image(file), np.stack([expected] * 3, -1))


def test_cmyk_inks_darken(tmp_path):
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:8, :, 0] = 255
    inks[8:, :, 3] = 255
    file = saved(tmp_path / "a.jpg", Image.fromarray(inks, "CMYK"), quality=100)
    image = read_image(file)
    assert_picture(image[:8], np.broadcast_to([0, 255, 255], (8, 16, 3)), tolerance=2)
    assert_picture(image[8:], np.zeros((8, 16, 3)), tolerance=2)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [(3, np.rot90(RGB, 2)), (6, np.rot90(RGB, -1)), (8, np.rot90(RGB, 1)), (2, RGB[:, ::-1])],
)
def test_exif_rotation_is_applied(tmp_path, orientation, upright):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = saved(tmp_path / "a.png", Image.fromarray(RGB), exif=exif)
    assert_picture(read_image(file), upright)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_16_bit_grey_is_scaled(tmp_path, suffix):
    values = np.array([[0, 100, 257, 32768, 40000, 65535]], np.uint16)
    file = saved(tmp_path / f"a{suffix}", Image.fromarray(values))
    expected = np.array([[0, 0, 1, 128, 156, 255]])
    assert_picture(read_image(file), np.stack([expected] * 3, -1))


def test_16_bit_rgb_is_scaled(tmp_path):
    values = np.random.default_rng(5).integers(0, 65536, (6, 9, 3))
    values[0, 0], values[0, 1] = 0, 65535
    (tmp_path / "a.png").write_bytes(png_file(values, 2))
    image = read_image(tmp_path / "a.png")
    assert_picture(image, values / 257, tolerance=1)
    np.testing.assert_array_equal(image[0, :2], [[0] * 3, [255] * 3])


def test_16_bit_rgba_is_scaled_and_lies_on_white(tmp_path):
    values = np.random.default_rng(6).integers(0, 65536, (6, 9, 4))
    (tmp_path / "a.png").write_bytes(png_file(values, 6))
    opacity = values[..., 3:] / 65535
    expected = opacity * values[..., :3] / 257 + (1 - opacity) * 255
    assert_picture(read_image(tmp_path / "a.png"), expected, tolerance=2)


def test_an_animation_gives_its_first_frame(tmp_path):
    first, second = Image.new("RGB", (5, 4), "red"), Image.new("RGB", (5, 4), "blue")
    file = saved(tmp_path / "a.gif", first, save_all=True, append_images=[second])
    assert_picture(read_image(file), np.broadcast_to([255, 0, 0], (4, 5, 3)))


def test_values_without_a_known_white_are_refused(tmp_path):
    floats = saved(tmp_path / "a.tif", Image.fromarray(np.ones((3, 3), np.float32)))
    with pytest.raises(PhotographError, match=r"a\.tif .*floating-point"):
        read_image(floats)
    wide = saved(tmp_path / "b.tif", Image.fromarray(np.full((3, 3), 10**6, np.int32)))
    with pytest.raises(PhotographError, match=r"b\.tif .*32-bit"):
        read_image(wide)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(PhotographError, match=r"none\.png does not exist"):
        read_image(tmp_path / "none.png")
    with pytest.raises(PhotographError, match="is a directory"):
        read_image(tmp_path)


def test_bytes_that_are_no_image(tmp_path):
    for name, data in (("a.jpg", b"not an image"), ("b.png", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(PhotographError, match=f"{name} is not an image"):
            read_image(tmp_path / name)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF"])
def test_truncated_file(tmp_path, kind):
    buffer = io.BytesIO()
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format=kind)
    (tmp_path / "half.bin").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(PhotographError, match=r"half\.bin") as error:
        read_image(tmp_path / "half.bin")
    assert "\n" not in str(error.value)


def test_decompression_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    file = saved(tmp_path / "bomb.png", Image.fromarray(RGB))
    with pytest.raises(PhotographError, match=r"bomb\.png unpacks to more than"):
        read_image(file)


def test_find_images_in_a_directory(tmp_path):
    for name in ("b.JPG", "a.png", "c.txt", ".hidden.png", "._b.JPG"):
        (tmp_path / name).touch()
    (tmp_path / "sub.png").mkdir()
    (tmp_path / "sub.png" / "d.webp").touch()
    assert [path.name for path in find_images(tmp_path)] == ["a.png", "b.JPG"]
    assert [path.name for path in find_images(tmp_path / "**" / "*.webp")] == ["d.webp"]
    assert [path.name for path in find_images(f"{tmp_path}/*.*")] == ["a.png", "b.JPG", "c.txt"]


def test_find_images_takes_a_file_as_it_is(tmp_path):
    file = tmp_path / "photo [1].raw"
    file.touch()
    assert find_images(str(file)) == [file]


def test_find_images_says_when_nothing_matches(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(PhotographError, match=r"holds no image files; .*\.jpg"):
        find_images(tmp_path)
    with pytest.raises(PhotographError, match=r"No file matches .*\*\.png"):
        find_images(tmp_path / "*.png")
    with pytest.raises(PhotographError, match=r"x\.png does not exist"):
        find_images(tmp_path / "x.png")
