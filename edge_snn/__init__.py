"""Spiking transformers on microcontrollers, by addition alone."""

__version__ = "0.1.0"
