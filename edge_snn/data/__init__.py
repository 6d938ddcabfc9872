"""Data sets: Fashion-MNIST, CIFAR-10, digits, anybody's ``.npz`` or folder of images; how outputs are scored."""

from edge_snn.data.dataset import Dataset, check_labels, fit, match_classes
from edge_snn.data.metrics import Metric
from edge_snn.data.samples import Samples
from edge_snn.data.sources import NAMES, from_npz, load

__all__ = ["NAMES", "Dataset", "Metric", "Samples", "check_labels", "fit", "from_npz", "load", "match_classes"]
