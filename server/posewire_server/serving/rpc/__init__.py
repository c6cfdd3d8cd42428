"""The gRPC face of the server; the only package that imports grpc."""
