#pragma once

#include <cstddef>

#include "simd/kernels.h"

namespace posewire::paf {

// `channels` maps of height x width floats; rows and channels may lie apart, cells of a row may not.
struct Maps {
  const float* cells = nullptr;
  std::ptrdiff_t channel_stride = 0;
  std::ptrdiff_t row_stride = 0;
  int channels = 0;
  int height = 0;
  int width = 0;

  simd::Plane channel(int index) const { return {cells + index * channel_stride, row_stride, width, height}; }
};

}  // namespace posewire::paf
