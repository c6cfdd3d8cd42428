#include "preprocess/taps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace posewire {
namespace {

// Weights of `count` pixels from `first` on, by their distance from `centre`; their sum is 1.
void weigh(int first, int count, double centre, double radius, float* weights) {
  float sum = 0;
  for (int tap = 0; tap < count; ++tap) {
    const auto distance = static_cast<float>(std::abs(first + tap + 0.5 - centre) / radius);
    weights[tap] = std::max(0.0F, 1.0F - distance);
    sum += weights[tap];
  }
  for (int tap = 0; tap < count; ++tap) {
    weights[tap] /= sum;
  }
}

}  // namespace

void fit_taps(int size_in, int size_out, Taps& taps) {
  if (taps.size_in == size_in && taps.size_out == size_out) {
    return;
  }
  const double ratio = static_cast<double>(size_in) / size_out;
  const double radius = std::max(1.0, 0.5 * ratio);
  taps.size_in = size_in;
  taps.size_out = size_out;
  taps.count = std::min(size_in, static_cast<int>(std::ceil(2 * radius)));
  taps.first.resize(static_cast<std::size_t>(size_out));
  taps.weights.resize(static_cast<std::size_t>(size_out) * static_cast<std::size_t>(taps.count));
  for (int i = 0; i < size_out; ++i) {
    const double centre = (i + 0.5) * ratio;
    const int lowest = static_cast<int>(std::floor(centre - radius + 0.5));
    const int first = std::clamp(lowest, 0, size_in - taps.count);
    taps.first[static_cast<std::size_t>(i)] = first;
    weigh(first, taps.count, centre, radius, taps.weights.data() + static_cast<std::ptrdiff_t>(i) * taps.count);
  }
}

}  // namespace posewire
