"""The gRPC server: streams, services, worker processes."""
