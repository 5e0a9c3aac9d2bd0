"""Which of two methods finds more animals, and whether the test images suffice to tell."""

from __future__ import annotations

import dataclasses

import numpy as np

from tfwsol.evaluation.demo_report_result import GAUSSIAN, DemoResult
from tfwsol.metrics.poisson_weights import poisson_weights

_REPLICAS = 1000


@dataclasses.dataclass(frozen=True)
class Difference:
    """How much higher the first of two methods is in MaxBoxAccV2, in percentage points.

    Attributes:
        points: On the test images.
        low: 95 % of resampled test sets put it between this
        high: and this.
    """

    points: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1: the first is better, -1: the second, 0: these images cannot tell."""
        return int(self.low > 0) - int(self.high < 0)


def difference(first: np.ndarray, second: np.ndarray, seed: int = 0) -> Difference:
    """The difference of two methods on the same images.

    Both are resampled together, since an image that is hard for one is hard for the other; every
    replica chooses its thresholds anew.

    Args:
        first: bool, images × levels × thresholds, see `map_diagnostics.Diagnosis`.
        second: The same of the other method.
        seed: Of the resampling.
    """
    ours, theirs = _accuracies(first, seed), _accuracies(second, seed)
    low, high = np.percentile(ours[1:] - theirs[1:], (2.5, 97.5))
    return Difference(float(ours[0] - theirs[0]), float(low), float(high))


def verdict(result: DemoResult) -> str:
    """One sentence about ADL, CAM and the centred Gaussian, whichever way the numbers came out."""
    scores = {name: result.scores[name] for name in ("ADL", "CAM", GAUSSIAN)}
    value = {name: found.numbers["MaxBoxAccV2"] for name, found in scores.items()}
    hits = {name: found.hits for name, found in scores.items()}
    found = difference(hits["ADL"], hits["CAM"])
    comparison = {
        1: "ADL beat CAM",
        0: "ADL and CAM cannot be told apart",
        -1: "ADL did not beat CAM but fell behind it",
    }[found.sign]
    signs = {name: difference(hits[name], hits[GAUSSIAN]).sign for name in ("CAM", "ADL")}
    return (
        f"In MaxBoxAccV2, the share of images with a good box, {comparison}, {value['ADL']:.1f} "
        f"against {value['CAM']:.1f} % (95 % of resampled test sets put the difference between "
        f"{_signed(found.low)} and {_signed(found.high)}), and {_against_gaussian(signs)} a "
        f"Gaussian in the middle, which looks at nothing and gets {value[GAUSSIAN]:.1f} %."
    )


def _against_gaussian(signs: dict[str, int]) -> str:
    """Words for who beats the Gaussian; its score follows."""
    better = [name for name, sign in signs.items() if sign > 0]
    words = {2: "both beat", 1: f"only {better[0] if better else ''} beat", 0: "neither beat"}
    return words[len(better)]


def _accuracies(hits: np.ndarray, seed: int) -> np.ndarray:
    """MaxBoxAcc, the mean over the levels: of all images, then of each replica with any."""
    images, *cells = hits.shape
    drawn = poisson_weights(_REPLICAS, 0, images, seed)
    weights = np.concatenate([np.ones((1, images)), drawn[drawn.any(axis=1)]]).astype(np.float32)
    # Numbers of images, which float32 holds exactly.
    counts = weights @ hits.reshape(images, -1).astype(np.float32)
    shares = counts.reshape(-1, *cells).max(axis=2).mean(axis=1) / weights.sum(axis=1)
    return 100.0 * shares.astype(np.float64)


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")
