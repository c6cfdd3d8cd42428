#include "paf/summit.h"

#include <algorithm>
#include <limits>

namespace posewire::paf {
namespace {

constexpr int scale = 8;
constexpr int window = scale + 2;  // the samples of a cell and one more on each side
constexpr int support = 5;         // the cells that these samples depend on

using Weights = std::array<std::array<float, support>, window>;

constexpr float keys(float distance) {
  constexpr float a = -0.75F;
  if (distance < 1.0F) {
    return ((a + 2.0F) * distance - (a + 3.0F)) * distance * distance + 1.0F;
  }
  return ((a * distance - 5.0F * a) * distance + 8.0F * a) * distance - 4.0F * a;
}

constexpr float offset_of(int sample) { return (static_cast<float>(sample) - 0.5F) / static_cast<float>(scale) - 0.5F; }

constexpr Weights make_weights() {
  Weights weights{};
  for (int sample = 0; sample < window; ++sample) {
    const float offset = offset_of(sample);
    for (int cell = 0; cell < support; ++cell) {
      const float away = static_cast<float>(cell - 2) - offset;
      const float distance = away < 0.0F ? -away : away;
      weights[sample][cell] = distance < 2.0F ? keys(distance) : 0.0F;
    }
  }
  return weights;
}

constexpr Weights weights = make_weights();

using Patch = std::array<std::array<float, window>, window>;

Patch enlarge(const simd::Plane& plane, int column, int row) {
  std::array<std::array<float, window>, support> wide{};
  for (int y = 0; y < support; ++y) {
    const float* cells = plane.cells + std::clamp(row + y - 2, 0, plane.height - 1) * plane.row_stride;
    for (int x = 0; x < support; ++x) {
      const float value = cells[std::clamp(column + x - 2, 0, plane.width - 1)];
      for (int sample = 0; sample < window; ++sample) {
        wide[y][sample] += value * weights[sample][x];
      }
    }
  }
  Patch patch{};
  for (int row_sample = 0; row_sample < window; ++row_sample) {
    for (int y = 0; y < support; ++y) {
      for (int sample = 0; sample < window; ++sample) {
        patch[row_sample][sample] += wide[y][sample] * weights[row_sample][y];
      }
    }
  }
  return patch;
}

bool is_summit(const Patch& patch, int x, int y) {
  const float value = patch[y][x];
  return value > patch[y - 1][x - 1] && value > patch[y - 1][x] && value > patch[y - 1][x + 1] &&
         value > patch[y][x - 1] && value >= patch[y][x + 1] && value >= patch[y + 1][x - 1] &&
         value >= patch[y + 1][x] && value >= patch[y + 1][x + 1];
}

}  // namespace

bool find_summit(const simd::Plane& plane, int column, int row, float threshold, Summit& summit) {
  const Patch patch = enlarge(plane, column, row);
  summit.value = threshold;
  for (int y = 1; y <= scale; ++y) {
    for (int x = 1; x <= scale; ++x) {
      if (patch[y][x] > summit.value && is_summit(patch, x, y)) {
        summit = {static_cast<float>(column) + offset_of(x), static_cast<float>(row) + offset_of(y), patch[y][x]};
      }
    }
  }
  return summit.value > threshold && summit.value <= std::numeric_limits<float>::max();
}

}  // namespace posewire::paf
