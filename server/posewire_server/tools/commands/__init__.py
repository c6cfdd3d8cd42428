"""One module for each command of ``posewire-server``."""
