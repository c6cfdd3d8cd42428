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
  // Makes room for `more` peaks, padded, from index `from` on.
  void reserve(int from, int more);
  simd::Points points(int keypoint) const { return {&x[begin[keypoint]], &y[begin[keypoint]], count[keypoint]}; }
};

struct PeakRule {
  float threshold;   // a peak's value exceeds this
  int per_keypoint;  // of more peaks, the highest are kept
};

// Finds peaks; keeps its memory between frames.
//
// A cell that is not below its eight neighbours is a peak, refined along both axes by the parabola
// through the logarithms, smoothed across the axis. In a shape that is not of a single peak (a flat top, a ridge that
// turns, a peak with a higher one across a corner), a local maximum of the map enlarged by 8 is a peak too.
class PeakFinder {
 public:
  void find(const Maps& heatmaps, int keypoints, const PeakRule& rule, const simd::Kernels& kernels, Peaks& peaks);

 private:
  void find_cells(const simd::Plane& plane, const PeakRule& rule, const simd::Kernels& kernels);
  void keep_best(const simd::Plane& plane, int limit);
  void refine(const simd::Plane& plane, const simd::Kernels& kernels, Peaks& peaks, int begin);
  void add_summits(const simd::Plane& plane, const PeakRule& rule, Peaks& peaks, int begin);

  std::vector<std::int32_t> peak_room_, shoulder_room_;  // what a kernel may fill
  std::vector<std::int32_t> cells_, doubtful_;
  std::vector<float> left_, column_, right_, up_, row_, down_;
};

}  // namespace posewire::paf
