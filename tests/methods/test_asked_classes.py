import numpy as np
import pytest
import tensorflow as tf

from tfwsol.methods.asked_classes import asked_classes, image_size, image_tensors

LOGITS = tf.constant([[1.0, 3.0, 2.0], [5.0, 0.0, 4.0]])


@pytest.mark.parametrize(
    ("class_ids", "wanted"),
    [
        (None, [[1, 2], [0, 2]]),
        (2, [[2], [2]]),
        ([0, 1], [[0], [1]]),
        (np.array([[2, 0], [1, 1]], "int64"), [[2, 0], [1, 1]]),
    ],
)
def test_forms_of_a_question(class_ids, wanted):
    found = asked_classes(LOGITS, class_ids, top_k=2)
    assert found.dtype == tf.int32
    assert found.numpy().tolist() == wanted


@pytest.mark.parametrize(
    ("class_ids", "top_k", "sentence"),
    [
        (3, 1, "Class id 3 is out of range: the model has 3 classes, 0 to 2"),
        ([0, -1], 1, "Class id -1 is out of range"),
        ([0, 1, 2], 1, r"\[2\] or \[2, K\] for 2 images, but shape \(3,\) came"),
        ([[], []], 1, r"shape \(2, 0\) came"),
        (1.0, 1, "Class ids are integers, but float64 came"),
        (None, 4, "top_k from 1 to 3"),
        (None, 0, "top_k from 1 to 3"),
    ],
)
def test_questions_without_an_answer(class_ids, top_k, sentence):
    with pytest.raises(ValueError, match=sentence):
        asked_classes(LOGITS, class_ids, top_k)


def test_images():
    images = image_tensors({"image": np.zeros((2, 5, 7, 3)), "size": np.zeros(2, "int32")})
    assert (images["image"].dtype, images["size"].dtype) == (tf.float32, tf.int32)
    assert image_size(images) == (5, 7)
    with pytest.raises(ValueError, match=r"shapes \[\(5, 7, 3\)\] came; a single image is image"):
        image_size(tf.zeros((5, 7, 3)))
