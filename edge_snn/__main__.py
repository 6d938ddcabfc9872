"""``python -m edge_snn``."""

from edge_snn.cli.main import main

main()
