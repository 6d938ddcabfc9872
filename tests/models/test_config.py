"""Configurations count what Keras will build, and refuse what cannot be built."""

from __future__ import annotations

import pytest

from edge_snn.errors import InputError
from edge_snn.models import PRESETS, ModelConfig, preset


@pytest.mark.parametrize(("name", "paper"), [("8-512", 29.68e6), ("10-512", 36.01e6)])
def test_imagenet_presets_have_the_papers_parameters(name, paper):
    assert abs(preset(name).parameters - paper) / paper < 0.0015


@pytest.mark.parametrize(("name", "paper"), [("2-256", 2.57e6), ("2-512", 10.23e6)])
def test_cifar_presets_have_the_papers_parameters(name, paper):
    assert abs(preset(name).parameters - paper) / paper < 0.003


@pytest.mark.parametrize(
    ("name", "tokens"), [("2-256", 64), ("8-512", 196), ("fashion-mnist", 49), ("fashion-mnist-nano", 16)]
)
def test_tokens(name, tokens):
    assert preset(name).tokens == tokens


def test_the_shipped_sizes_fit_their_limits():
    for name in ("fashion-mnist", "cifar10"):  # 512 kB of flash, code included
        assert sum(preset(name).weights().values()) <= 440_000
    assert sum(preset("cifar10-small").weights().values()) <= 200_000
    assert sum(preset("fashion-mnist-nano").weights().values()) <= 200_000


def test_a_configuration_survives_json():
    for config in PRESETS.values():
        assert ModelConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 3}, "3 heads do not divide"),
        ({"timesteps": 9}, "timesteps must be 1 to 8"),
        ({"depth": 0}, "not a positive integer"),
        ({"attention": "softmax"}, "attention must be one of"),
        ({"pools": (5,)}, "pools must be stages"),
        ({"stage_channels": (8, 16)}, "stage_channels must be four"),
        ({"pools": (3, 3)}, "a stage is pooled twice"),
        ({"attention_threshold": "x"}, "attention_threshold must be a positive number"),
        ({"key_gain": float("nan")}, "key_gain must be a positive number"),
        ({"input_shape": (28.5, 28, 1)}, "input_shape must be three positive sizes"),
        ({"stage_channels": (1.5, 2, 3, 32)}, "stage_channels must be four"),
        ({"name": 3}, "name must be a text"),
        ({"surprise": 1}, "unknown field 'surprise'"),
    ],
)
def test_what_cannot_be_built_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        ModelConfig.from_json({**preset("digits").to_json(), **change})


def test_an_unknown_preset_is_refused():
    with pytest.raises(InputError, match="no such preset"):
        preset("gpt")
