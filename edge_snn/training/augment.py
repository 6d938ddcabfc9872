"""Light augmentation of small images."""

from __future__ import annotations

import numpy as np


def augment(images: np.ndarray, rng: np.random.Generator, shift: int, flip: bool) -> np.ndarray:
    """Moves each image by up to ``shift`` pixels (black comes in) and mirrors half of them.

    Args:
        images: uint8 [B, H, W, C].

    Returns:
        uint8 of the same shape.
    """
    count, height, width = images.shape[:3]
    moved = images
    if shift:
        padded = np.pad(images, ((0, 0), (shift, shift), (shift, shift), (0, 0)))
        places = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))  # type: ignore[call-overload]
        down, right = rng.integers(0, 2 * shift + 1, (2, count))
        moved = places[np.arange(count), down, right].transpose(0, 2, 3, 1)
    if flip:
        mirrored = rng.random(count) < 0.5
        moved = np.where(mirrored[:, None, None, None], moved[:, :, ::-1], moved)
    return moved
