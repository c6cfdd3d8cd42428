#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace posewire {

// Weights are fixed point with so many bits of fraction.
constexpr int weight_bits = 14;

// The source pixels that make each pixel of one axis: `count` of them from first[i] on, weighted by
// weights[i * count ...], whose sum is exactly 1 in fixed point. The count is even: if an odd
// number matters, the last weight is 0, and that pixel may lie one beyond the source's last.
struct Taps {
  int size_in = 0;
  int size_out = 0;
  int count = 0;
  std::vector<std::int32_t> first;
  std::vector<std::int16_t> weights;

  const std::int16_t* weights_of(int i) const { return weights.data() + static_cast<std::ptrdiff_t>(i) * count; }
};

// Makes the taps that resize an axis, unless `taps` has them already. Pixel i of the output covers
// [i, i + 1) * size_in / size_out of the input; weights fall linearly from its centre to 0 at one
// input pixel or half of what it covers, whichever is more.
void fit_taps(int size_in, int size_out, Taps& taps);

}  // namespace posewire
