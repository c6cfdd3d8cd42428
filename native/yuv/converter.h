#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "simd/level.h"
#include "yuv/colour.h"
#include "yuv/kernels.h"

namespace posewire::yuv {

// One plane of samples; strides are in bytes and may be negative or zero.
struct PlaneView {
  const std::uint8_t* samples;
  int width;
  int height;
  std::ptrdiff_t row_stride;
  std::ptrdiff_t pixel_stride;
};

// Turns planes of 4:2:0 video into blue, green, red, at full size or reduced, in one pass. A pixel of
// the result is the mean of the samples it covers, taken before the change of colours; beyond the
// last row and column the picture goes on as it ends. Every dispatch level gives the same bits. An object is for one
// thread at a time; it keeps its memory, so frames of one size cause no allocation.
class Converter {
 public:
  explicit Converter(simd::Level level);

  // Writes ceil(height / reduction) rows of ceil(width / reduction) pixels, packed. The reduction is
  // 1, 2, 4 or 8; u and v have half the size of y, rounded up; all sizes are at least 1.
  void run(const PlaneView& y, const PlaneView& u, const PlaneView& v, int reduction, const Colour& colour,
           std::uint8_t* bgr);

 private:
  // The sums of one plane's blocks, row by row.
  struct Blocks {
    std::vector<std::uint16_t> sums;
    std::vector<std::uint16_t> spare;
    int row = -1;
  };

  Sums block_row(const PlaneView& plane, int block, int row, int width, Blocks& blocks) const;
  Sums chroma_row(const PlaneView& plane, int reduction, int row, int width, Blocks& blocks);

  const Kernels& kernels_;
  Blocks y_;
  Blocks u_;
  Blocks v_;
};

}  // namespace posewire::yuv
