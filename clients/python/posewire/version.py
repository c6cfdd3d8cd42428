"""The version of posewire: one number for the server, the clients and the contract."""

__version__ = "0.1.0"
