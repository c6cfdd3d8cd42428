"""The posewire server: frames in, poses out; ``posewire`` (the client) is what most callers want."""
