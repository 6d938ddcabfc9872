"""Augmentation of small images, and of labels."""

from __future__ import annotations

import numpy as np


def augment(
    images: np.ndarray, rng: np.random.Generator, shift: int = 0, flip: bool = False, erase: int = 0
) -> np.ndarray:
    """Moves each image by up to ``shift`` pixels (black comes in), mirrors half of them, erases squares.

    Args:
        images: uint8 [B, H, W, C].
        erase: side of the square that is painted over with the image's mean, in half of the images; its
            centre may be anywhere, so less of it may lie inside.

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
    if erase:
        top = rng.integers(0, height, count) - erase // 2
        left = rng.integers(0, width, count) - erase // 2
        rows, columns = np.arange(height), np.arange(width)
        inside = ((rows >= top[:, None]) & (rows < top[:, None] + erase))[:, :, None]
        inside = inside & ((columns >= left[:, None]) & (columns < left[:, None] + erase))[:, None, :]
        inside &= (rng.random(count) < 0.5)[:, None, None]
        mean = moved.mean(axis=(1, 2), keepdims=True).astype(np.uint8)
        moved = np.where(inside[..., None], mean, moved)
    return moved


def mix(
    images: np.ndarray, labels: np.ndarray, rng: np.random.Generator, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mixup (Zhang et al. 2018): each image and label with those of another one of the batch.

    Args:
        images: float32 [B, H, W, C].
        labels: float32 [B, classes].
        alpha: of the Beta distribution that the share comes from.
    """
    share = np.float32(rng.beta(alpha, alpha))
    other = rng.permutation(len(images))
    return share * images + (1 - share) * images[other], share * labels + (1 - share) * labels[other]
