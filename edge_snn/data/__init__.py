"""Data sets: Fashion-MNIST, CIFAR-10, digits, anybody's ``.npz`` or folder of images."""

from edge_snn.data.dataset import Dataset, check_labels, fit, match_classes
from edge_snn.data.sources import NAMES, from_npz, load

__all__ = ["NAMES", "Dataset", "check_labels", "fit", "from_npz", "load", "match_classes"]
