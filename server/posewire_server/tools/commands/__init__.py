"""Commands of ``posewire-server``, one module each."""
