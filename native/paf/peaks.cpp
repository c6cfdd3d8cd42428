#include "paf/peaks.h"

#include <algorithm>

namespace posewire::paf {
namespace {

std::size_t padded(int count) {
  return static_cast<std::size_t>((count + simd::padding - 1) / simd::padding * simd::padding);
}

// Of two diagonal neighbours that are both peaks along rows and columns, the greater (the earlier at a tie) stays.
bool is_shadowed(const simd::Plane& plane, std::int32_t cell) {
  const int x = cell % plane.width;
  const int y = cell / plane.width;
  const float* middle = plane.cells + y * plane.row_stride + x;
  for (const int dy : {-1, 1}) {
    for (const int dx : {-1, 1}) {
      if (x + dx < 0 || x + dx >= plane.width || y + dy < 0 || y + dy >= plane.height) {
        continue;
      }
      const float other = middle[dy * plane.row_stride + dx];
      if (dy < 0 ? !(*middle > other) : !(*middle >= other)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

int PeakFinder::find_cells(const simd::Plane& plane, const PeakRule& rule, const simd::Kernels& kernels) {
  cells_.resize((static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height) + 1) / 2);
  const int found = kernels.find_peaks(plane, rule.threshold, cells_.data());
  const auto end = std::remove_if(cells_.begin(), cells_.begin() + found,
                                  [&](std::int32_t cell) { return is_shadowed(plane, cell); });
  const auto kept = static_cast<int>(end - cells_.begin());
  if (kept <= rule.per_keypoint) {
    return kept;
  }
  const auto score = [&](std::int32_t cell) { return plane.cells[cell / plane.width * plane.row_stride + cell % plane.width]; };
  std::nth_element(cells_.begin(), cells_.begin() + rule.per_keypoint, end, [&](std::int32_t a, std::int32_t b) {
    return score(a) > score(b) || (score(a) == score(b) && a < b);
  });
  std::sort(cells_.begin(), cells_.begin() + rule.per_keypoint);
  return rule.per_keypoint;
}

void PeakFinder::load_neighbours(const simd::Plane& plane, int count) {
  for (std::vector<float>* values : {&left_, &right_, &up_, &down_, &middle_}) {
    values->resize(std::max(values->size(), padded(count)));
  }
  for (int i = 0; i < count; ++i) {
    const int x = cells_[i] % plane.width;
    const int y = cells_[i] / plane.width;
    const float* at = plane.cells + y * plane.row_stride + x;
    middle_[i] = *at;
    const bool inside_row = x > 0 && x + 1 < plane.width;
    left_[i] = inside_row ? at[-1] : *at;
    right_[i] = inside_row ? at[1] : *at;
    const bool inside_column = y > 0 && y + 1 < plane.height;
    up_[i] = inside_column ? at[-plane.row_stride] : *at;
    down_[i] = inside_column ? at[plane.row_stride] : *at;
  }
}

void PeakFinder::find(const Maps& heatmaps, int keypoints, const PeakRule& rule, const simd::Kernels& kernels,
                      Peaks& peaks) {
  peaks.begin.assign(static_cast<std::size_t>(keypoints), 0);
  peaks.count.assign(static_cast<std::size_t>(keypoints), 0);
  std::size_t used = 0;
  for (int keypoint = 0; keypoint < keypoints; ++keypoint) {
    const simd::Plane plane = heatmaps.channel(keypoint);
    const int count = find_cells(plane, rule, kernels);
    load_neighbours(plane, count);
    peaks.begin[keypoint] = static_cast<int>(used);
    peaks.count[keypoint] = count;
    const std::size_t end = used + std::max<std::size_t>(padded(count), simd::padding);
    for (std::vector<float>* values : {&peaks.x, &peaks.y, &peaks.score}) {
      values->resize(std::max(values->size(), end));
    }
    kernels.fit_offsets(count, left_.data(), middle_.data(), right_.data(), &peaks.x[used]);
    kernels.fit_offsets(count, up_.data(), middle_.data(), down_.data(), &peaks.y[used]);
    for (int i = 0; i < count; ++i) {
      peaks.x[used + i] += static_cast<float>(cells_[i] % plane.width);
      peaks.y[used + i] += static_cast<float>(cells_[i] / plane.width);
      peaks.score[used + i] = middle_[i];
    }
    used = end;
  }
}

}  // namespace posewire::paf
