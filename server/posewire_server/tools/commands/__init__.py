"""The commands of ``posewire-server``, one module each."""
