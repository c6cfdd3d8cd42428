#include "paf/axis.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace posewire::paf {
namespace {

constexpr int cubic_taps = 4;

// The order of operations is OpenCV's, so that the weights are.
std::array<float, cubic_taps> cubic_weights(float x) {
  constexpr float a = -0.75F;
  std::array<float, cubic_taps> weights{};
  weights[0] = ((a * (x + 1.0F) - 5.0F * a) * (x + 1.0F) + 8.0F * a) * (x + 1.0F) - 4.0F * a;
  weights[1] = ((a + 2.0F) * x - (a + 3.0F)) * x * x + 1.0F;
  weights[2] = ((a + 2.0F) * (1.0F - x) - (a + 3.0F)) * (1.0F - x) * (1.0F - x) + 1.0F;
  weights[3] = 1.0F - weights[0] - weights[1] - weights[2];
  return weights;
}

}  // namespace

Axis resize_axis(int cells, int size) {
  Axis axis;
  axis.taps = std::min(cubic_taps, cells);
  axis.begin.resize(static_cast<std::size_t>(size));
  axis.weights.assign(static_cast<std::size_t>(size) * static_cast<std::size_t>(axis.taps), 0.0F);
  const double scale = 1.0 / (static_cast<double>(size) / static_cast<double>(cells));
  for (int i = 0; i < size; ++i) {
    const auto place = static_cast<float>((i + 0.5) * scale - 0.5);
    const auto cell = static_cast<int>(std::floor(place));
    const std::array<float, cubic_taps> weights = cubic_weights(place - static_cast<float>(cell));
    const int begin = std::clamp(cell - 1, 0, cells - axis.taps);
    axis.begin[i] = begin;
    for (int tap = 0; tap < cubic_taps; ++tap) {
      const int inside = std::clamp(cell - 1 + tap, 0, cells - 1);
      axis.weights[i * axis.taps + inside - begin] += weights[tap];
    }
  }
  return axis;
}

Axis chain_axes(const Axis& first, const Axis& second) {
  Axis chained;
  std::vector<int> ends;
  for (const int begin : second.begin) {
    const int last = begin + second.taps - 1;
    chained.begin.push_back(first.begin[begin]);
    ends.push_back(first.begin[last] + first.taps);
    chained.taps = std::max(chained.taps, ends.back() - chained.begin.back());
  }
  const int cells = first.begin.back() + first.taps;
  chained.taps = std::min(chained.taps, cells);
  std::vector<double> row(static_cast<std::size_t>(chained.taps));
  for (int i = 0; i < second.size(); ++i) {
    chained.begin[i] = std::min(chained.begin[i], cells - chained.taps);
    std::fill(row.begin(), row.end(), 0.0);
    for (int outer = 0; outer < second.taps; ++outer) {
      const int sample = second.begin[i] + outer;
      for (int inner = 0; inner < first.taps; ++inner) {
        row[first.begin[sample] + inner - chained.begin[i]] +=
            static_cast<double>(second.weights[i * second.taps + outer]) * first.weights[sample * first.taps + inner];
      }
    }
    for (const double weight : row) {
      chained.weights.push_back(static_cast<float>(weight));
    }
  }
  return chained;
}

}  // namespace posewire::paf
