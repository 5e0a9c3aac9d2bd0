"""Records that cannot be read, in one sentence."""

import pytest
import tensorflow as tf

from tfwsol.data.readable import UnreadableError, readable, reason_of


@pytest.fixture
def records(tmp_path):
    path = str(tmp_path / "records")
    with tf.io.TFRecordWriter(path) as writer:
        for n in range(4):
            writer.write(bytes([n]) * 100)
    return path


def test_what_can_be_read_comes_as_it_is(records):
    found = list(readable(tf.data.TFRecordDataset(records), "Examples"))
    assert [one.numpy()[0] for one in found] == [0, 1, 2, 3]


@pytest.mark.parametrize("harm", ["damaged", "cut", "gone"])
def test_what_cannot_is_one_sentence(records, tmp_path, harm):
    file = tmp_path / "records"
    whole = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(whole[:250] + (b"!" + whole[251:] if harm == "damaged" else b""))
    words = {"damaged": "corrupted record at", "cut": "truncated record", "gone": "No such file"}
    found = readable(tf.data.TFRecordDataset(records).map(tf.strings.length), "Examples of val")
    with pytest.raises(
        UnreadableError, match=r"^Examples of val cannot be read .*it again"
    ) as raised:
        list(found)
    assert words[harm] in str(raised.value)
    assert not set("{}[]\n") & set(str(raised.value))


def test_a_long_reason_is_cut():
    error = tf.errors.DataLossError(None, None, "{{node a}} " + "x" * 999 + " [[b]] [Op:c] name:")
    assert reason_of(error) == "x" * 240 + "…"
