"""Plain sentences about what the demo found, whichever way the numbers came out."""

from __future__ import annotations

from tfwsol.evaluation.demo_report_comparison import verdict
from tfwsol.evaluation.demo_report_result import GAUSSIAN, DemoResult
from tfwsol.evaluation.map_diagnostics import STEP

_PLENTY = 80.0
_NOTABLE = 5.0  # percentage points; 500 images do not tell less

INTRODUCTION = [
    "Both networks are the same small classifier, begin with the same weights and see the same "
    "images with nothing but the name of the class. CAM (class activation map) is the plain one; "
    "its map shows how much every place of the image speaks for the class.",
    "ADL (attention-based dropout layer) is the other one, with two small layers that work during "
    "training only: each finds the places that the network attends to most and hides them at most "
    "steps, so that the network has to find other evidence for the class; at the other steps it "
    "stresses them, so that the classification does not suffer. The hope is a map that covers the "
    "whole animal and not only the part that is easiest to recognise.",
    "L2-CAF and Grad-CAM are other ways to ask the plain network where it looked.",
]

MEASURES = [
    "MaxBoxAccV2: the share of images in which a box around a bright region overlaps the animal's "
    "box by at least 30, 50 or 70 %, and the mean of the three. A region is what is brighter than "
    "a threshold; for each method and each of the three overlaps the measure takes the one "
    f"threshold, out of {round(1 / STEP)}, that is best over these very images. Nobody knows it "
    "beforehand, but all rows have the same advantage.",
    "PxAP: how well the brightness tells the animal's pixels from the rest, over all thresholds; a "
    "map without any information gets the animals' share of the pixels.",
]


def lead(result: DemoResult) -> list[str]:
    """What was done, whether it worked, and who won."""
    plain, other = result.trained["CAM"], result.trained["ADL"]
    works = min(plain.accuracy, other.accuracy) >= _PLENTY
    verb = "Classification succeeds" if works else "Classification is weak"
    return [
        "Two small networks learn to name ten kinds of critters from labels alone. Nobody tells "
        "them where the animals are; the maps show what they use to decide.",
        f"{verb}: of {len(result.examples.images)} held-out critters the plain network (CAM) names "
        f"{plain.accuracy:.1f} % correctly and the one trained with ADL {other.accuracy:.1f} % "
        f"(chance: 10 %), after {result.epochs} epochs in {plain.seconds:.0f} and "
        f"{other.seconds:.0f} seconds.",
        verdict(result),
    ]


def findings(result: DemoResult) -> list[str]:
    """What the numbers say about each way to look."""
    return [_face(result), _half_maximum(result), _change(result), _caution(result)]


def _face(result: DemoResult) -> str:
    l2caf = result.scores["L2-CAF"].numbers
    face = 100.0 * float(result.examples.part_masks.mean())
    animal = 100.0 * float(result.examples.masks.mean())
    lights_face = l2caf["peak_on_part"] > 3 * face
    return (
        f"The hottest pixel of L2-CAF lies on the face in {l2caf['peak_on_part']:.0f} % of the "
        f"images; the face covers {face:.1f} % of an image and the animal {animal:.1f} %. "
        + ("The map lights the face." if lights_face else "The map does not single out the face.")
    )


def _half_maximum(result: DemoResult) -> str:
    l2caf = result.scores["L2-CAF"].numbers
    words = (
        f"The box of the map at half its maximum overlaps the animal's with a mean IoU of "
        f"{l2caf['mean_iou']:.0f} %, and fits the face better than the animal in "
        f"{l2caf['part_only']:.0f} % of the images. "
    )
    if l2caf["mean_iou"] >= 50.0:
        return words + "It covers much of the animal."
    return words + (
        "It misses most of the animal: the class is written on the face, so a classifier has no "
        "reason to look at the rest. This is the failure that the methods of this field set out to "
        "mend."
    )


def _change(result: DemoResult) -> str:
    """What ADL changed, as it came out."""
    plain, other = result.scores["CAM"].numbers, result.scores["ADL"].numbers
    leaves = other["part_only"] < plain["part_only"] - _NOTABLE
    finds = other["PxAP"] > plain["PxAP"]
    words = {
        (True, True): "ADL leaves the face more often, and its maps tell animals from their "
        "surroundings better.",
        (True, False): "ADL leaves the face more often, but its maps do not tell animals from "
        "their surroundings any better.",
        (False, True): "ADL stays on the face, yet its maps tell animals from their surroundings "
        "better.",
        (False, False): "ADL does not leave the face more often.",
    }[leaves, finds]
    return (
        f"Trained with ADL the box fits the face better than the animal in "
        f"{other['part_only']:.0f} % of the images (CAM: {plain['part_only']:.0f} %), PxAP is "
        f"{other['PxAP']:.1f} % (CAM: {plain['PxAP']:.1f} %) and the hottest pixel lies on the "
        f"animal in {other['peak_on_object']:.0f} % (CAM: {plain['peak_on_object']:.0f} %). {words}"
    )


def _caution(result: DemoResult) -> str:
    gaussian = result.scores[GAUSSIAN].numbers
    return (
        f"A Gaussian in the middle, which looks at nothing, gets a mean IoU of "
        f"{gaussian['mean_iou']:.0f} %: boxes alone flatter whoever guesses the middle, so read "
        "them beside the other columns. Each network was trained once; another seed gives other "
        "numbers, so this shows how the methods work and does not rank them."
    )
