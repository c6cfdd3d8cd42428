#include "preprocess/taps.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace posewire {
namespace {

double weight(int pixel, double centre, double radius) {
  return std::max(0.0, 1.0 - std::abs(pixel + 0.5 - centre) / radius);
}

// Weights of `count` pixels from `first` on, by their distance from `centre`. What rounding takes from
// one it gives to the next, so that their sum stays 1.
void weigh(int first, int count, double centre, double radius, std::int16_t* weights) {
  double total = 0;
  for (int tap = 0; tap < count; ++tap) {
    total += weight(first + tap, centre, radius);
  }
  double sum = 0;
  std::int16_t given = 0;
  for (int tap = 0; tap < count; ++tap) {
    sum += weight(first + tap, centre, radius);
    const auto due = static_cast<std::int16_t>(std::lround((1 << weight_bits) * (sum / total)));
    weights[tap] = static_cast<std::int16_t>(due - given);
    given = due;
  }
}

}  // namespace

void fit_taps(int size_in, int size_out, Taps& taps) {
  if (taps.size_in == size_in && taps.size_out == size_out) {
    return;
  }
  const double ratio = static_cast<double>(size_in) / size_out;
  const double radius = std::max(1.0, 0.5 * ratio);
  const int used = std::min(size_in, static_cast<int>(std::ceil(2 * radius)));
  taps.size_in = size_in;
  taps.size_out = size_out;
  taps.count = used + used % 2;
  taps.first.resize(static_cast<std::size_t>(size_out));
  taps.weights.assign(static_cast<std::size_t>(size_out) * static_cast<std::size_t>(taps.count), 0);
  for (int i = 0; i < size_out; ++i) {
    const double centre = (i + 0.5) * ratio;
    const int lowest = static_cast<int>(std::floor(centre - radius + 0.5));
    const int first = std::clamp(lowest, 0, size_in - used);
    taps.first[static_cast<std::size_t>(i)] = first;
    weigh(first, used, centre, radius, taps.weights.data() + static_cast<std::ptrdiff_t>(i) * taps.count);
  }
}

}  // namespace posewire
