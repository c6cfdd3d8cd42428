#pragma once

#include <cstddef>
#include <vector>

namespace posewire {

// The source pixels that make each pixel of one axis: `count` of them from first[i] on, weighted by
// weights[i * count ...].
struct Taps {
  int size_in = 0;
  int size_out = 0;
  int count = 0;
  std::vector<int> first;
  std::vector<float> weights;

  const float* weights_of(int i) const { return weights.data() + static_cast<std::ptrdiff_t>(i) * count; }
};

// Makes the taps that resize an axis, unless `taps` has them already. Pixel i of the output covers
// [i, i + 1) * size_in / size_out of the input; weights fall linearly from its centre to 0 at one
// input pixel or half of what it covers, whichever is more.
void fit_taps(int size_in, int size_out, Taps& taps);

}  // namespace posewire
