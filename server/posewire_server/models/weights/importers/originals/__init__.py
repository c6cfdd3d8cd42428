"""Published originals: Caffe's, Paddle's and PyTorch's files, read into lists of layers."""
