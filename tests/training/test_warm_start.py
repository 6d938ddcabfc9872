"""A run can start from an exported model, whose BatchNorms were folded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytestmark = pytest.mark.train
keras = pytest.importorskip("keras")
torch = pytest.importorskip("torch")
pytest.importorskip("tensorflow")

from edge_snn.errors import InputError  # noqa: E402
from edge_snn.models import preset  # noqa: E402
from edge_snn.models.export import export_tflite  # noqa: E402
from edge_snn.models.transformer import build  # noqa: E402
from edge_snn.training.lowering import lower  # noqa: E402
from edge_snn.training.warm_start import warm_start  # noqa: E402
from tests.networks import images  # noqa: E402


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    keras.utils.set_random_seed(3)
    model, rng = build(preset("digits")), np.random.default_rng(3)
    values = [w * 3 if w.ndim > 1 else w + rng.uniform(0, 0.3, w.shape).astype("f4") for w in model.get_weights()]
    model.set_weights(values)
    path = tmp_path_factory.mktemp("export") / "m.tflite"
    export_tflite(model, path)
    return model, path


def logits(model, x, training):
    weights = [torch.tensor(value) for value in model.get_weights()]
    return lower(model)[0](weights, torch.tensor(x.astype(np.float32)), training, torch.float32)[0].numpy()


def test_a_started_model_computes_what_the_file_computes(exported):
    model, path = exported
    x = images(64, (8, 8, 1))
    started = build(preset("digits"))
    warm_start(started, path, x)
    want, inference, training = logits(model, x, False), logits(started, x, False), logits(started, x, True)
    assert np.abs(want - want.mean(axis=0)).max() > 0.1
    # A membrane within rounding of its threshold may fall on either side, in an image or two.
    assert (np.abs(inference - want).max(axis=1) < 1e-2).mean() > 0.8
    # The statistics are those of these images, so training mode starts at the same function.
    assert (np.abs(training - want).max(axis=1) < 1e-2).mean() > 0.8
    kernels = [layer.weights[0] for layer in started.layers if type(layer).__name__ in ("Conv2D", "Dense")]
    assert max(float(np.abs(np.asarray(kernel)).max()) for kernel in kernels[:-1]) < 1.5


@pytest.mark.parametrize("change", [{"depth": 2}, {"mlp_ratio": 4}])
def test_a_file_of_another_size_is_refused(exported, change):
    with pytest.raises(InputError, match="another size"):
        warm_start(build(replace(preset("digits"), **change)), exported[1], images(8, (8, 8, 1)))
