#pragma once

#include <vector>

namespace posewire::paf {

// How the samples of a resized axis are made: sample i is the sum of `taps` weights times the cells
// from begin[i] on. Every range lies inside the axis; weights of places outside are on the border.
struct Axis {
  int taps = 0;
  std::vector<int> begin;
  std::vector<float> weights;

  int size() const { return static_cast<int>(begin.size()); }
};

// OpenCV's bicubic resize from `cells` to `size` samples (Keys' kernel, a = -0.75, border repeated).
Axis resize_axis(int cells, int size);

// What `second` makes of the first samples of `first`, cropped to the size that `second` was made for.
Axis chain_axes(const Axis& first, const Axis& second);

}  // namespace posewire::paf
