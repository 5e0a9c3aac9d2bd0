import re
from shutil import which

import numpy as np
import pytest

from tfwsol.evaluation.benchmarks import SuiteOptions
from tfwsol.evaluation.benchmarks.stnet import COMPILED, FORWARD, TWIN, stnet
from tfwsol.evaluation.benchmarks.stnet_sorting import SELECT, SORT, TOP_DOWN

pytestmark = pytest.mark.skipif(
    not any(map(which, ("g++", "clang++", "c++"))), reason="no C++ compiler on the PATH"
)


@pytest.fixture(scope="module")
def groups():
    options = SuiteOptions(image_size=(64, 64), batch_sizes=(2,), backbones=("critter_net",))
    return list(stnet(options))


def test_the_groups_of_the_issue_are_there(groups):
    assert [(group.subject, group.batch_size) for group in groups] == [
        ("critter_net 64×64", 2),
        ("critter_net 64×64, gated units", 2),
        ("critter_net 64×64", 1),
    ]
    assert [[case.name for case in group.cases] for group in groups] == [
        [FORWARD, "images to maps", TOP_DOWN, "every unit sorted, a sample"],
        [SORT, SELECT],
        [TWIN, COMPILED],
    ]


def test_baselines(groups):
    baselines = {case.name: case.baseline for group in groups for case in group.cases}
    assert baselines.pop("every unit sorted, a sample") == TOP_DOWN
    assert (baselines.pop(SELECT), baselines.pop(COMPILED)) == (SORT, TWIN)
    assert baselines == {FORWARD: None, "images to maps": FORWARD, TOP_DOWN: FORWARD,
                         SORT: None, TWIN: None}  # fmt: skip


def test_what_is_compared_is_the_same_work(groups):
    results = {case.name: case.run() for group in groups for case in group.cases}
    np.testing.assert_allclose(results["images to maps"][0], results[TOP_DOWN][0], atol=1e-6)
    np.testing.assert_allclose(results[COMPILED][0], results[TWIN][0], atol=1e-5)
    assert (results[SORT] > 0).all()
    np.testing.assert_array_equal(results[SELECT], results[SORT])


def test_remarks_say_what_was_done(groups):
    _, _, top_down, every = groups[0].cases
    top_down.run()
    found = top_down.run()
    assert top_down.remark([part.numpy() for part in found]).endswith(" of the gates kept")
    for _ in range(2):
        every.run()
    said = every.remark(None)
    pattern = r"(\S+)% of the units; all would take (\S+) CPU s, (\S+) times the top-down pass"
    share, seconds, times = map(float, re.fullmatch(pattern, said).groups())
    assert 0 < share < 100
    assert min(seconds, times) > 0
    assert " units of " in groups[1].cases[0].remark(None)
