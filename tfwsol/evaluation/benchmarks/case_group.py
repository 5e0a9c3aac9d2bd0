"""What a suite is asked for, and what it gives: cases that are timed together."""

from __future__ import annotations

import dataclasses

from tfwsol.evaluation.benchmarks.timing import Case


@dataclasses.dataclass(frozen=True)
class SuiteOptions:
    """What to benchmark; a suite reads what concerns it.

    Attributes:
        model: A name in keras.applications or tfwsol.backbones, or the path of a .keras file.
        image_size: (height, width); None: the model's own.
        batch_sizes: One group of cases for each; None: the suite's own.
        intermediate_layer: Where a search through a longer tail starts; None: known for
            ResNet50, left out for others.
        iterations: Of gradient loops.
        threads: For TensorFlow; 0: as many as it likes.
        seed: Of weights and images.
        backbones: Networks to train, names of tfwsol.backbones, or to hand gates down through,
            as for `model`; None: the suite's own.
        methods: Localizers to train; None: all of tfwsol.methods.
        steps: Of the optimizer, in every case that trains; None: the suite's own.
    """

    model: str = "ResNet50"
    image_size: tuple[int, int] | None = None
    batch_sizes: tuple[int, ...] | None = None
    intermediate_layer: str | None = None
    iterations: int = 200
    threads: int = 0
    seed: int = 0
    backbones: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    steps: int | None = None


@dataclasses.dataclass(frozen=True)
class CaseGroup:
    """Cases that may name each other as baselines.

    Attributes:
        subject: What they work on, such as "ResNet50 224×224".
        batch_size: How many images each case takes at once.
        cases: In the order of the table.
    """

    subject: str
    batch_size: int
    cases: tuple[Case, ...]
