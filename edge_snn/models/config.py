"""Configuration of a Spiking Transformer, its presets, and counts that need no Keras."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from edge_snn.errors import InputError

# Kind of attention -> neurons of Q, K and V; the last three undo one choice of A2OS2A each.
ATTENTION_NEURONS = {
    "a2os2a": ("binary", "relu", "ternary"),
    "ssa": ("binary", "binary", "binary"),
    "sdsa": ("binary", "binary", "binary"),
    "a2os2a-ternary-q": ("ternary", "relu", "ternary"),
    "a2os2a-binary-k": ("binary", "binary", "ternary"),
    "a2os2a-binary-v": ("binary", "relu", "binary"),
}
ATTENTION_KINDS = tuple(ATTENTION_NEURONS)


@dataclass(frozen=True)
class ModelConfig:
    """A Spiking Transformer of Guo et al. (CVPR 2025), section "Network".

    Attributes:
        name: of the preset or model.
        depth: number of blocks L.
        width: channels D of the token stream.
        heads: attention heads; divides ``width``.
        timesteps: T, 1 to 8.
        input_shape: (height, width, channels) of the uint8 image.
        classes: number of logits.
        stage_channels: of the four convolutions; () is (D/8, D/4, D/2, D).
        pools: the stages (1 to 4) that are followed by max pooling, stride 2. Stages 1 to 3 pool spikes,
            stage 4 pools the membrane current.
        pool_size: 3 or 2; "same" padding, so n becomes ceil(n / 2) (the window starts at -1 for odd n).
        mlp_ratio: width of the hidden layer over D.
        attention: "a2os2a" (binary Q, ReLU K, ternary V), "ssa" (Spikformer: binary Q, K, V, scaled),
            "sdsa" (Spike-driven Transformer), or a variant of the first: see :data:`ATTENTION_NEURONS`.
        attention_threshold: Vth of the neuron behind the attention.
        key_gain: initial gamma of the BatchNorm of K; keeps the first attention sums near the threshold.
    """

    name: str
    depth: int
    width: int
    heads: int
    timesteps: int = 4
    input_shape: tuple[int, int, int] = (32, 32, 3)
    classes: int = 10
    stage_channels: tuple[int, ...] = ()
    pools: tuple[int, ...] = (3, 4)
    pool_size: int = 3
    mlp_ratio: int = 4
    attention: str = "a2os2a"
    attention_threshold: float = 0.5
    key_gain: float = 0.1

    def __post_init__(self) -> None:
        for field in ("input_shape", "stage_channels", "pools"):
            object.__setattr__(self, field, tuple(getattr(self, field)))
        if not self.stage_channels:
            object.__setattr__(self, "stage_channels", tuple(self.width // part for part in (8, 4, 2, 1)))

        def demand(condition: bool, reason: str) -> None:
            if not condition:
                raise InputError(reason, where=f"model configuration {self.name!r}")

        demand(isinstance(self.name, str), "name must be a text")
        sizes = (self.depth, self.width, self.heads, self.timesteps, self.classes, self.mlp_ratio)
        demand(all(type(size) is int and size >= 1 for size in sizes), "a size is not a positive integer")
        demand(self.timesteps <= 8, f"timesteps must be 1 to 8, not {self.timesteps}")
        demand(self.width % self.heads == 0, f"{self.heads} heads do not divide the width {self.width}")
        demand(
            len(self.input_shape) == 3 and all(type(size) is int and size >= 1 for size in self.input_shape),
            "input_shape must be three positive sizes",
        )
        demand(
            len(self.stage_channels) == 4
            and all(type(size) is int and size >= 1 for size in self.stage_channels)
            and self.stage_channels[3] == self.width,
            f"stage_channels must be four sizes, the last one {self.width}",
        )
        demand(set(self.pools) <= {1, 2, 3, 4}, "pools must be stages 1 to 4")
        demand(len(set(self.pools)) == len(self.pools), "a stage is pooled twice")
        demand(self.pool_size in (2, 3), "pool_size must be 2 or 3")
        demand(self.attention in ATTENTION_KINDS, f"attention must be one of {', '.join(ATTENTION_KINDS)}")
        for field in ("attention_threshold", "key_gain"):
            value = getattr(self, field)
            number = type(value) in (int, float) and math.isfinite(value) and value > 0
            demand(number, f"{field} must be a positive number")
        demand(min(self.grid) >= 1, "the pools leave no token")

    def stage_grid(self, stage: int) -> tuple[int, int]:
        """(height, width) of the maps that the convolution of ``stage`` (1 to 4; 5 is the tokens) works on."""
        height, width = self.input_shape[:2]
        for _ in [pool for pool in self.pools if pool < stage]:
            height, width = (height + 1) // 2, (width + 1) // 2
        return height, width

    @property
    def grid(self) -> tuple[int, int]:
        """(height, width) of the token grid."""
        return self.stage_grid(5)

    @property
    def tokens(self) -> int:
        return self.grid[0] * self.grid[1]

    def weights(self) -> dict[str, int]:
        """Weights by layer (no biases, no BatchNorm)."""
        counts: dict[str, int] = {}
        before = self.input_shape[2]
        for stage, channels in enumerate(self.stage_channels, start=1):
            counts[f"stage{stage}.conv"] = 9 * before * channels
            before = channels
        counts["rpe.conv"] = 9 * self.width * self.width
        hidden = self.mlp_ratio * self.width
        for block in range(self.depth):
            for label in ("q", "k", "v", "proj"):
                counts[f"block{block}.{label}"] = self.width * self.width
            counts[f"block{block}.fc1"] = counts[f"block{block}.fc2"] = self.width * hidden
        counts["head"] = self.width * self.classes
        return counts

    @property
    def parameters(self) -> int:
        """Weights, gamma and beta of every BatchNorm, and the bias of the head."""
        per_block = 2 * (5 * self.width + self.mlp_ratio * self.width)
        norms = 2 * (sum(self.stage_channels) + self.width) + self.depth * per_block
        return sum(self.weights().values()) + norms + self.classes

    def dense_macs(self) -> dict[str, int]:
        """Multiply-accumulates of one time step by layer, attention as two dense products."""
        macs: dict[str, int] = {}
        for layer, weights in self.weights().items():
            if layer.startswith("stage"):
                height, width = self.stage_grid(int(layer[5]))
                macs[layer] = weights * height * width
            else:
                macs[layer] = weights * (1 if layer == "head" else self.tokens)
        for block in range(self.depth):
            macs[f"block{block}.attention"] = 2 * self.tokens * self.tokens * self.width
        return macs

    def with_timesteps(self, timesteps: int) -> ModelConfig:
        """The same network (the same weights) run for another number of time steps."""
        return replace(self, timesteps=timesteps)

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, document: Any) -> ModelConfig:
        """Inverse of :meth:`to_json`; InputError for unknown or missing fields."""
        if not isinstance(document, dict):
            raise InputError("a model configuration must be a JSON object")
        unknown = sorted(set(document) - set(cls.__dataclass_fields__))
        if unknown:
            raise InputError(f"unknown field {str(unknown[0])[:60]!r}", where="model configuration")
        try:
            return cls(**document)
        except TypeError as error:
            raise InputError(
                f"is incomplete or has a field of a wrong type ({error})", where="model configuration"
            ) from error


def _micro(
    name: str,
    depth: int,
    width: int,
    heads: int,
    shape: tuple[int, int, int],
    stages: tuple[int, ...],
    pools: tuple[int, ...],
    ratio: int = 4,
) -> ModelConfig:
    """A size for microcontrollers, with early convolutions narrower than the paper's."""
    return ModelConfig(
        name, depth, width, heads, input_shape=shape, stage_channels=stages, pools=pools, mlp_ratio=ratio
    )


IMAGENET = {"heads": 8, "input_shape": (224, 224, 3), "classes": 1000, "pools": (1, 2, 3, 4)}

PRESETS: dict[str, ModelConfig] = {
    config.name: config
    for config in (
        # The paper's sizes.
        ModelConfig("2-256", depth=2, width=256, heads=8),
        ModelConfig("2-512", depth=2, width=512, heads=8),
        ModelConfig("8-512", depth=8, width=512, **IMAGENET),  # type: ignore[arg-type]
        ModelConfig("10-512", depth=10, width=512, **IMAGENET),  # type: ignore[arg-type]
        # Microcontroller sizes: L, D, heads, image, channels of the convolutions, pools, MLP.
        _micro("fashion-mnist", 2, 96, 6, (28, 28, 1), (16, 32, 64, 96), (2, 3)),
        _micro("fashion-mnist-nano", 1, 48, 4, (14, 14, 1), (8, 16, 32, 48), (2, 4)),
        _micro("cifar10", 2, 96, 6, (32, 32, 3), (32, 64, 96, 96), (2, 3), 2),
        _micro("cifar10-small", 2, 64, 4, (32, 32, 3), (16, 32, 48, 64), (2, 3)),
        _micro("digits", 1, 32, 2, (8, 8, 1), (8, 16, 24, 32), (4,), 2),
    )
}


def preset(name: str) -> ModelConfig:
    """The preset of that name; InputError when there is none."""
    if name not in PRESETS:
        raise InputError("no such preset", where=name[:60], hint=f"presets: {', '.join(PRESETS)}")
    return PRESETS[name]
