"""Score maps of the images of a wsolevaluation split, without the images."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from tfwsol.data.score_map_folder import ScoreMapError, ScoreMapFolder
from tfwsol.data.wsol_metadata import Metadata
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import VIEWS
from tfwsol.evaluation.trivial_maps import ALREADY_SCALED, trivial_maps
from tfwsol.evaluation.true_masks import read_label_image

SCORE_MAPS = "score maps"
"""What maps from a folder are called in tables."""

_SIDE = 224


class MetadataSource:
    """Maps from a folder, or trivial ones, beside the truth of a metadata folder.

    Args:
        metadata: The split.
        maps: The folder of score maps; None: `trivial` ones.
        trivial: Names out of `TRIVIAL`.
        mask_dir: Where the masks lie that the metadata names.
        limit: Take the first so many images; 0: all.
        batch_size: Images scored together.
        seed: Of random maps.
        skip_bad: Leave out images whose map is missing or cannot be scored, and name them.

    Raises:
        ValueError: Maps are missing, or a mask data set comes without `mask_dir`.
    """

    class_names = None
    has_scores = False
    explain = "label"

    def __init__(
        self,
        metadata: Metadata,
        maps: ScoreMapFolder | None,
        trivial: Sequence[str] = (),
        mask_dir: str | os.PathLike[str] | None = None,
        limit: int = 0,
        batch_size: int = 32,
        seed: int = 0,
        skip_bad: bool = False,
    ) -> None:
        self._metadata, self._maps, self._seed = metadata, maps, seed
        self._trivial = [] if maps else list(trivial)
        self._ids = metadata.image_ids[: limit or None]
        self._mask_dir = None if mask_dir is None else pathlib.Path(mask_dir).expanduser()
        self._batch_size = batch_size
        self.methods = (SCORE_MAPS,) if maps else tuple(trivial)
        # Trivial maps are the same whatever they cover.
        self.views = ("whole",) if maps else tuple(VIEWS)
        self.num_images = len(self._ids)
        self.num_classes = int(metadata.labels.max(initial=0)) + 1
        has_masks = bool(metadata.masks) and mask_dir is not None
        self.truths = ("boxes",) * bool(metadata.boxes) + ("masks",) * has_masks
        if metadata.masks and not has_masks:
            raise ValueError("The metadata names masks; say with --mask_dir where they lie.")
        self._skip_bad = skip_bad
        lost = maps.missing(self._ids) if maps and not skip_bad else []
        if lost:
            raise ValueError(
                f"{maps.root} lacks the score maps of {len(lost)} of {self.num_images} images; "
                f"the first is {lost[0]}.npy."
            )

    def batches(self, start: int) -> Iterator[tuple[int, MapBatch]]:
        """All batches from the image at `start` on, each with the place behind its last image."""
        for first in range(start, self.num_images, self._batch_size):
            last = min(first + self._batch_size, self.num_images)
            yield last, self._batch(range(first, last))

    def at(self, places: Collection[int]) -> Iterator[MapBatch]:
        """Single images; those that cannot be scored are passed over."""
        for place in sorted(places):
            batch = self._batch(range(place, place + 1))
            if len(batch):
                yield batch

    def _batch(self, places: range) -> MapBatch:
        ids = self._ids[places.start : places.stop]
        left_out: dict[str, str] = {}
        if self._maps:
            found = [self._loaded(name, left_out) for name in ids]
            usable = [place for place, score_map in enumerate(found) if score_map is not None]
            maps = {SCORE_MAPS: np.reshape([found[place] for place in usable], (-1, _SIDE, _SIDE))}
        else:
            usable = list(range(len(ids)))
            maps = trivial_maps(self._trivial, places.start, len(ids), self._seed)
        ids = tuple(ids[place] for place in usable)
        rows = places.start + np.array(usable, np.int64)
        return MapBatch(
            ids,
            rows,
            self._metadata.labels[rows],
            np.reshape([self._size(name) for name in ids], (-1, 2)),
            {name: dict.fromkeys(self.views, found) for name, found in maps.items()},
            boxes=self._boxes(ids),
            masks=self._masks(ids),
            scaled=(SCORE_MAPS, *ALREADY_SCALED),
            left_out=left_out,
        )

    def _loaded(self, name: str, left_out: dict[str, str]) -> np.ndarray | None:
        """The map of an image; None where it is bad and such are left out."""
        try:
            score_map = self._maps.load(name)
            if score_map.shape != (_SIDE, _SIDE):
                raise ScoreMapError(
                    f"The score map of {name} is {score_map.shape[0]} × {score_map.shape[1]}; "
                    "they are 224 × 224: resize bicubically first and then bring to [0, 1]."
                )
        except ScoreMapError as error:
            if not self._skip_bad:
                raise
            left_out[name] = str(error)
            return None
        return score_map

    def _size(self, name: str) -> tuple[int, int]:
        size = self._metadata.sizes.get(name)
        if size is None and name in self._metadata.boxes:
            raise ValueError(
                f"image_sizes.txt has no line for {name}, so its boxes cannot be scaled."
            )
        return size or (_SIDE, _SIDE)

    def _boxes(self, ids: Sequence[str]) -> tuple[np.ndarray, ...] | None:
        known = self._metadata.boxes
        return tuple(known.get(name, np.zeros((0, 4))) for name in ids) if known else None

    def _masks(self, ids: Sequence[str]) -> np.ndarray | None:
        if "masks" not in self.truths:
            return None
        return np.reshape([self._label_image(name) for name in ids], (-1, _SIDE, _SIDE))

    def _label_image(self, name: str) -> np.ndarray:
        if name not in self._metadata.masks:
            raise ValueError(f"localization.txt has no line for {name}; every image needs a mask.")
        ignore = self._metadata.ignore_masks.get(name)
        return read_label_image(self._mask_dir, self._metadata.masks[name], ignore)
