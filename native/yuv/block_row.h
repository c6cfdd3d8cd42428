#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "simd/level.h"
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

// Luma, then both of chroma.
using Planes = std::array<PlaneView, 3>;

// Whether two planes have their samples in turns, those of `first` first.
bool are_interleaved(const PlaneView& first, const PlaneView& second);

// A row of square blocks of one plane: the sum of each one's samples. Beyond its last row and column
// a plane goes on as it ends. An object keeps its memory.
class BlockRow {
 public:
  explicit BlockRow(simd::Level level) : kernels_(sample_kernels(level)) {}

  // Reads the row-th row of blocks, `width` of them, each of block * block samples.
  void read(const PlaneView& plane, int block, int row, int width);

  // Does so for two planes that are interleaved.
  static void read_both(const PlaneView& first, int block, int row, int width, BlockRow& firsts, BlockRow& seconds);

  // Makes two blocks of each of `width`, both the same.
  void repeat(int width);

  Sums sums() const { return {sums_.data(), shift_}; }

 private:
  void reserve(int block, int count);
  void fold(int columns, int edge, int wide, int width);

  const Kernels& kernels_;
  std::vector<std::uint16_t> sums_;
  std::vector<std::uint16_t> spare_;
  int shift_ = 0;
};

}  // namespace posewire::yuv
