"""The film of a filter being found."""

import numpy as np
import pytest
from PIL import Image

from tfwsol import Localization
from tfwsol.visualization import convergence_gif, overlay

RANDOM = np.random.default_rng(0)
IMAGE = np.full((48, 80, 3), 120, np.uint8)
FILM = RANDOM.random((4, 5, 6)).astype(np.float32)


def frames_of(path):
    with Image.open(path) as film:
        for index in range(film.n_frames):
            film.seek(index)
            yield film.info["duration"], np.asarray(film.convert("RGB")).astype(int)


def test_one_second_per_frame_at_the_size_of_the_image(tmp_path):
    path = tmp_path / "film.gif"
    assert convergence_gif(path, IMAGE, FILM) == 4
    frames = list(frames_of(path))
    assert [duration for duration, _ in frames] == [1000] * 4
    record = Localization(FILM[None], np.zeros((1, 4), int), np.zeros((1, 2)), (48, 80))
    (expected,) = overlay([IMAGE], record, alpha=0.7)
    for (_, frame), picture in zip(frames, expected, strict=True):
        assert frame.shape == (48, 80, 3)
        assert np.abs(frame - picture).mean() < 6
    with Image.open(path) as film:
        assert film.info["loop"] == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.gif"]


def test_a_line_of_text_below_and_another_pace(tmp_path):
    path = tmp_path / "film.gif"
    convergence_gif(path, IMAGE, FILM, [0, 50, 100, 150], [-1.0, -2, -3, -4], seconds=0.2)
    frames = list(frames_of(path))
    assert [duration for duration, _ in frames] == [200] * 4
    height, width = frames[0][1].shape[:2]
    assert width == 80
    assert height > 48
    bands = [frame[48:] for _, frame in frames]
    assert bands[0].min() < 100
    assert np.median(bands[0]) > 240
    assert (bands[0] != bands[3]).any()


def test_padding_after_the_stop_is_left_out(tmp_path):
    film = np.concatenate([FILM, np.full((3, 5, 6), np.nan)])
    assert convergence_gif(tmp_path / "a.gif", IMAGE, film, range(7)) == 4
    with Image.open(tmp_path / "a.gif") as written:
        assert written.n_frames == 4


def test_large_pictures_are_shrunk(tmp_path):
    convergence_gif(tmp_path / "a.gif", IMAGE, FILM, largest_side=40)
    assert next(frames_of(tmp_path / "a.gif"))[1].shape == (24, 40, 3)


def test_films_that_cannot_be_shown(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        convergence_gif(tmp_path / "a.gif", IMAGE, np.full((2, 3, 3), np.nan))
    with pytest.raises(ValueError, match="frames × height × width"):
        convergence_gif(tmp_path / "a.gif", IMAGE, FILM[0])
    with pytest.raises(ValueError, match="one loss per frame, got 1 for 4"):
        convergence_gif(tmp_path / "a.gif", IMAGE, FILM, losses=[1.0])
    assert not list(tmp_path.iterdir())
