#pragma once

#include <cstdint>
#include <vector>

#include "paf/maps.h"
#include "simd/kernels.h"

namespace posewire::paf {

// The peaks of all heatmaps in cells (0, 0 is the centre of the first cell), grouped by keypoint.
// Each group starts at a multiple of simd::padding, so indices have gaps.
struct Peaks {
  std::vector<float> x;
  std::vector<float> y;
  std::vector<float> score;
  std::vector<int> begin;
  std::vector<int> count;

  int capacity() const { return static_cast<int>(x.size()); }
  simd::Points points(int keypoint) const { return {&x[begin[keypoint]], &y[begin[keypoint]], count[keypoint]}; }
};

struct PeakRule {
  float threshold;
  int per_keypoint;
};

// Finds peaks; keeps its memory between frames.
class PeakFinder {
 public:
  void find(const Maps& heatmaps, int keypoints, const PeakRule& rule, const simd::Kernels& kernels, Peaks& peaks);

 private:
  int find_cells(const simd::Plane& plane, const PeakRule& rule, const simd::Kernels& kernels);
  void load_neighbours(const simd::Plane& plane, int count);

  std::vector<std::int32_t> cells_;
  std::vector<float> left_, right_, up_, down_, middle_;
};

}  // namespace posewire::paf
