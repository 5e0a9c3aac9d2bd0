import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfwsol.metrics.class_ranks import class_ranks, crop_mean

few_values = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 5), st.integers(1, 7)), elements=st.sampled_from([0, 1, 2])
)


@given(few_values, st.integers(0, 6))
def test_it_is_the_place_in_a_stable_order(scores, label):
    label %= scores.shape[1]
    order = np.argsort(-scores, axis=1, kind="stable").tolist()
    expected = [row.index(label) for row in order]
    assert class_ranks(np.full(len(scores), label), scores).tolist() == expected


def test_large_logits_do_not_overflow():
    found = crop_mean(np.array([[[1000.0, 0.0], [0.0, 0.0]]]))
    np.testing.assert_allclose(found, [[0.75, 0.25]])
