import errno

import numpy as np
import pytest
import tensorflow as tf

from tfwsol.training.event_log import EventLog


def test_numbers_and_pictures_stand_in_the_event_file(tmp_path):
    log = EventLog(tmp_path / "events")
    log.numbers({"loss": 0.5, "val/top1": 62.5}, step=7)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 4, 6, 3)).astype(np.uint8)
    log.pictures({"val/maps": pictures}, step=7)
    log.flush()
    (file,) = (tmp_path / "events").iterdir()
    values = {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert event.step == 7
            values[value.tag] = value
    assert set(values) == {"loss", "val/top1", "val/maps"}
    assert tf.make_ndarray(values["val/top1"].tensor) == np.float32(62.5)
    assert values["loss"].metadata.plugin_data.plugin_name == "scalars"
    assert values["val/maps"].metadata.plugin_data.plugin_name == "images"
    width, height, *encoded = tf.make_ndarray(values["val/maps"].tensor)
    assert (width, height) == (b"6", b"4")
    for text, picture in zip(encoded, pictures, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(text), picture)


def test_no_room_is_an_error_of_the_disk(tmp_path, monkeypatch):
    """The error is the one that a full file system was seen to give."""

    def full():
        raise tf.errors.ResourceExhaustedError(None, None, "events; No space left on device")

    log = EventLog(tmp_path)
    monkeypatch.setattr(log._writer, "flush", full)
    with pytest.raises(OSError, match="No space left for TensorBoard") as raised:
        log.flush()
    assert raised.value.errno == errno.ENOSPC
