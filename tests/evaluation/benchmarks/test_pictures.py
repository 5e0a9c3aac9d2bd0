from PIL import Image

from tfwsol.evaluation.benchmarks.pictures import write_pictures


def test_pictures_are_seeded(tmp_path):
    first, again, other = (
        write_pictures(tmp_path / name, 1, seed=seed)[0].read_bytes()
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again != other
    # A photograph of this size takes about 100 kB.
    assert 40_000 < len(first) < 200_000


def test_they_belong_to_the_classes_in_turn(tmp_path):
    files = write_pictures(tmp_path / "new", 3, (30, 40), classes=2)
    assert [file.parent.name for file in files] == ["class_0", "class_1", "class_0"]
    assert len({file.read_bytes() for file in files}) == 3
    with Image.open(files[0]) as picture:
        assert (picture.format, picture.size) == ("JPEG", (40, 30))
