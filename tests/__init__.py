import os

# The golden files of PaddleHub were made on a CPU with AVX2. OpenCV's cubic resize by IPP's code
# for AVX-512 differs from them in one grey level of one pixel, and the network's output by 4e-4.
os.environ.setdefault("OPENCV_IPP", "avx2")
