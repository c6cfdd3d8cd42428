"""The posewire server: frames in, poses out; most callers want the client, ``posewire``."""
