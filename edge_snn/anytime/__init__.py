"""Answers before the last time step: when a run may stop, what that costs in accuracy, and what it could save."""
