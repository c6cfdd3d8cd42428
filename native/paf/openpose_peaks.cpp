#include "paf/openpose_peaks.h"

#include <algorithm>
#include <cmath>

#include "paf/enlarged_map.h"

namespace posewire::paf {
namespace {

constexpr int peaks_max = 127;
constexpr int centroid_reach = 3;

struct Pixel {
  int x;
  int y;
};

// Whether the enlarged cell may exceed the threshold: bicubic weights sum to less than 1.4 in size along an axis.
bool may_exceed(const simd::Plane& plane, int column, int row, float threshold) {
  constexpr float gain = 2.0F;
  for (int y = std::max(row - 2, 0); y <= std::min(row + 2, plane.height - 1); ++y) {
    const float* cells = plane.cells + y * plane.row_stride;
    for (int x = std::max(column - 2, 0); x <= std::min(column + 2, plane.width - 1); ++x) {
      if (!(std::abs(cells[x]) * gain <= threshold)) {
        return true;
      }
    }
  }
  return false;
}

// Inside, a peak exceeds its eight neighbours; one pixel from the edge it may equal them. Of the
// outermost pixels, only those in the second row or column from another edge can be peaks.
bool is_peak(const std::vector<float>& samples, const Box& box, int x, int y, int width, int height, float threshold) {
  const bool inside = x > 1 && x < width - 2 && y > 1 && y < height - 2;
  const bool ring = x == 1 || x == width - 2 || y == 1 || y == height - 2;
  const auto at = [&](int column, int row) { return samples[(row - box.y) * box.width + column - box.x]; };
  const float value = at(x, y);
  if (!(value > threshold) || (!inside && !ring)) {
    return false;
  }
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      const bool exists = x + dx >= 0 && x + dx < width && y + dy >= 0 && y + dy < height;
      const float other = exists ? at(x + dx, y + dy) : threshold;
      if ((dx != 0 || dy != 0) && !(inside ? value > other : value >= other)) {
        return false;
      }
    }
  }
  return true;
}

Box around(int x, int y, int width, int height, const EnlargedMap& map) {
  const int left = std::max(x, 0);
  const int top = std::max(y, 0);
  return {left, top, std::min(x + width, map.width()) - left, std::min(y + height, map.height()) - top};
}

Peak centre(const EnlargedMap& map, const Pixel& pixel) {
  constexpr int side = 2 * centroid_reach + 1;
  const Box box = around(pixel.x - centroid_reach, pixel.y - centroid_reach, side, side, map);
  std::vector<float> samples;
  map.fill(box, samples);
  float x = 0.0F;
  float y = 0.0F;
  float total = 0.0F;
  for (int row = 0; row < box.height; ++row) {
    for (int column = 0; column < box.width; ++column) {
      const float score = samples[row * box.width + column];
      if (score > 0.0F) {
        x += static_cast<float>(box.x + column) * score;
        y += static_cast<float>(box.y + row) * score;
        total += score;
      }
    }
  }
  return {x / total + 0.5F, y / total + 0.5F, map.at(pixel.x, pixel.y)};
}

}  // namespace

std::vector<Peak> find_openpose_peaks(const simd::Plane& plane, const Axis& columns, const Axis& rows, int scale,
                                      float threshold) {
  const EnlargedMap map(plane, columns, rows);
  std::vector<Pixel> pixels;
  std::vector<float> samples;
  for (int row = 0; row < plane.height; ++row) {
    for (int column = 0; column < plane.width; ++column) {
      if (!may_exceed(plane, column, row, threshold)) {
        continue;
      }
      const Box box = around(column * scale - 1, row * scale - 1, scale + 2, scale + 2, map);
      map.fill(box, samples);
      for (int y = row * scale; y < (row + 1) * scale; ++y) {
        for (int x = column * scale; x < (column + 1) * scale; ++x) {
          if (is_peak(samples, box, x, y, map.width(), map.height(), threshold)) {
            pixels.push_back({x, y});
          }
        }
      }
    }
  }
  std::sort(pixels.begin(), pixels.end(),
            [](const Pixel& a, const Pixel& b) { return a.y != b.y ? a.y < b.y : a.x < b.x; });
  pixels.resize(std::min<std::size_t>(pixels.size(), peaks_max));
  std::vector<Peak> peaks;
  peaks.reserve(pixels.size());
  for (const Pixel& pixel : pixels) {
    peaks.push_back(centre(map, pixel));
  }
  return peaks;
}

}  // namespace posewire::paf
