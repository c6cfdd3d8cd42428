#include "paf/peak_finder.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "paf/summit.h"

namespace posewire::paf {
namespace {

constexpr float summit_distance = 0.75F;  // from any peak, in cells; nearer it is that peak's own

int padded(int count) { return (count + simd::padding - 1) / simd::padding * simd::padding; }

float value_at(const simd::Plane& plane, int x, int y) { return plane.cells[y * plane.row_stride + x]; }

// Of two peaks that touch at a corner, the greater (the earlier at a tie) is whole.
bool is_shadowed(const simd::Plane& plane, std::int32_t cell) {
  const int x = cell % plane.width;
  const int y = cell / plane.width;
  const float value = value_at(plane, x, y);
  for (const int dy : {-1, 1}) {
    for (const int dx : {-1, 1}) {
      const bool inside = x + dx >= 0 && x + dx < plane.width && y + dy >= 0 && y + dy < plane.height;
      if (inside && !(dy < 0 ? value > value_at(plane, x + dx, y + dy) : value >= value_at(plane, x + dx, y + dy))) {
        return true;
      }
    }
  }
  return false;
}

// A shoulder of one Gaussian falls off like its higher neighbour, along and across their line. Near
// the border there is no telling.
bool is_doubtful(const simd::Plane& plane, std::int32_t cell) {
  static constexpr float least = 1e-3F;  // stands for what is not positive, so that ratios are defined
  constexpr float flat = 1.5F;           // ratio under which the slope beyond the higher neighbour is missing
  constexpr float skew = 1.6F;           // ratio above which the two have their crests at different places
  const int x = cell % plane.width;
  const int y = cell / plane.width;
  if (x < 2 || y < 2 || x + 2 >= plane.width || y + 2 >= plane.height) {
    return false;
  }
  const float* middle = plane.cells + y * plane.row_stride + x;
  const auto at = [middle](std::ptrdiff_t offset) { return std::max(middle[offset], least); };
  const std::ptrdiff_t down = plane.row_stride;
  const std::ptrdiff_t beside = at(-1) > at(1) ? -1 : 1;
  const std::ptrdiff_t above = at(-down) > at(down) ? -down : down;
  const bool sideways = at(beside) > at(above);
  const std::ptrdiff_t along = sideways ? beside : above;
  const std::ptrdiff_t across = sideways ? down : 1;
  const float value = *middle;
  if (at(along) * at(along) < flat * value * at(2 * along)) {
    return true;
  }
  const float one = at(across) * at(along - across);
  const float other = at(-across) * at(along + across);
  return std::max(one, other) > skew * std::min(one, other);
}

}  // namespace

void Peaks::reserve(int from, int more) {
  const auto end = static_cast<std::size_t>(from + padded(std::max(more, 1)));
  for (std::vector<float>* values : {&x, &y, &score}) {
    values->resize(std::max(values->size(), end));
  }
}

void PeakFinder::find_cells(const simd::Plane& plane, const PeakRule& rule, const simd::Kernels& kernels) {
  const auto room = static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height);
  peak_room_.resize(std::max(peak_room_.size(), room));
  shoulder_room_.resize(std::max(shoulder_room_.size(), room));
  const simd::CellCounts found = kernels.find_peaks(plane, rule.threshold, peak_room_.data(), shoulder_room_.data());
  cells_.assign(peak_room_.begin(), peak_room_.begin() + found.peaks);
  doubtful_.assign(shoulder_room_.begin(), shoulder_room_.begin() + found.shoulders);
  const auto doubtful = [&](std::int32_t cell) { return is_doubtful(plane, cell); };
  doubtful_.erase(std::remove_if(doubtful_.begin(), doubtful_.end(), std::not_fn(doubtful)), doubtful_.end());
  const auto shadowed = [&](std::int32_t cell) { return is_shadowed(plane, cell); };
  const auto whole = std::stable_partition(cells_.begin(), cells_.end(), std::not_fn(shadowed));
  doubtful_.insert(doubtful_.end(), whole, cells_.end());
  cells_.erase(whole, cells_.end());
}

void PeakFinder::keep_best(const simd::Plane& plane, int limit) {
  if (static_cast<int>(cells_.size()) <= limit) {
    return;
  }
  const auto score = [&](std::int32_t cell) { return value_at(plane, cell % plane.width, cell / plane.width); };
  const auto better = [&](std::int32_t a, std::int32_t b) {
    return score(a) > score(b) || (score(a) == score(b) && a < b);
  };
  std::nth_element(cells_.begin(), cells_.begin() + limit, cells_.end(), better);
  cells_.resize(static_cast<std::size_t>(limit));
  std::sort(cells_.begin(), cells_.end());
}

void PeakFinder::refine(const simd::Plane& plane, const simd::Kernels& kernels, Peaks& peaks, int begin) {
  const int count = static_cast<int>(cells_.size());
  for (std::vector<float>* values : {&left_, &column_, &right_, &up_, &row_, &down_}) {
    values->resize(std::max(values->size(), static_cast<std::size_t>(padded(count))));
  }
  for (int i = 0; i < count; ++i) {
    const int x = cells_[i] % plane.width;
    const int y = cells_[i] / plane.width;
    const int left = std::max(x - 1, 0);
    const int right = std::min(x + 1, plane.width - 1);
    const int up = std::max(y - 1, 0);
    const int down = std::min(y + 1, plane.height - 1);
    // Each side is smoothed across the axis, which leaves a Gaussian's shape along it.
    const auto in_column = [&](int at) {
      return value_at(plane, at, y) + 0.25F * (value_at(plane, at, up) + value_at(plane, at, down));
    };
    const auto in_row = [&](int at) {
      return value_at(plane, x, at) + 0.25F * (value_at(plane, left, at) + value_at(plane, right, at));
    };
    const bool inside_row = right - left == 2;
    const bool inside_column = down - up == 2;
    column_[i] = in_column(x);
    left_[i] = inside_row ? in_column(left) : column_[i];
    right_[i] = inside_row ? in_column(right) : column_[i];
    row_[i] = in_row(y);
    up_[i] = inside_column ? in_row(up) : row_[i];
    down_[i] = inside_column ? in_row(down) : row_[i];
  }
  kernels.fit_offsets(count, left_.data(), column_.data(), right_.data(), &peaks.x[begin]);
  kernels.fit_offsets(count, up_.data(), row_.data(), down_.data(), &peaks.y[begin]);
  for (int i = 0; i < count; ++i) {
    const int x = cells_[i] % plane.width;
    const int y = cells_[i] / plane.width;
    peaks.x[begin + i] += static_cast<float>(x);
    peaks.y[begin + i] += static_cast<float>(y);
    peaks.score[begin + i] = value_at(plane, x, y);
  }
}

void PeakFinder::add_summits(const simd::Plane& plane, const PeakRule& rule, Peaks& peaks, int begin) {
  int end = begin + static_cast<int>(cells_.size());
  const int limit = std::min(begin + rule.per_keypoint, end + static_cast<int>(doubtful_.size()));
  for (const std::int32_t cell : doubtful_) {
    Summit summit{};
    if (end == limit || !find_summit(plane, cell % plane.width, cell / plane.width, rule.threshold, summit)) {
      continue;
    }
    bool is_new = true;
    for (int i = begin; i < end && is_new; ++i) {
      is_new = std::hypot(peaks.x[i] - summit.x, peaks.y[i] - summit.y) > summit_distance;
    }
    if (is_new) {
      peaks.x[end] = summit.x;
      peaks.y[end] = summit.y;
      peaks.score[end++] = summit.value;
    }
  }
  peaks.count.push_back(end - begin);
}

void PeakFinder::find(const Maps& heatmaps, int keypoints, const PeakRule& rule, const simd::Kernels& kernels,
                      Peaks& peaks) {
  peaks.begin.clear();
  peaks.count.clear();
  int begin = 0;
  for (int keypoint = 0; keypoint < keypoints; ++keypoint) {
    const simd::Plane plane = heatmaps.channel(keypoint);
    find_cells(plane, rule, kernels);
    keep_best(plane, rule.per_keypoint);
    peaks.reserve(begin, static_cast<int>(cells_.size() + doubtful_.size()));
    peaks.begin.push_back(begin);
    refine(plane, kernels, peaks, begin);
    add_summits(plane, rule, peaks, begin);
    begin += padded(std::max(peaks.count.back(), 1));
  }
}

}  // namespace posewire::paf
