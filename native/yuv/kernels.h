#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/level.h"

namespace posewire::yuv {

// A row of pixels, each the sum of `1 << shift` samples.
struct Sums {
  const std::uint16_t* values;
  int shift;
};

// The loops over samples at one level. Every level returns the same bits.
struct Kernels {
  // sums[x] = rows[0][x * pixel_stride] + ... + rows[count - 1][x * pixel_stride], `width` times.
  void (*add_rows)(const std::uint8_t* const* rows, int count, std::ptrdiff_t pixel_stride, int width,
                   std::uint16_t* sums);

  // The same for pairs of bytes: of both, rows[0][2 x] + rows[0][2 x + 1] + rows[1][2 x] + ...
  void (*add_twos)(const std::uint8_t* const* rows, int count, int width, std::uint16_t* sums);

  // The same for the first bytes and the second ones apart.
  void (*add_apart)(const std::uint8_t* const* rows, int count, int width, std::uint16_t* first, std::uint16_t* second);

  // halves[x] = sums[2 x] + sums[2 x + 1], `width` times.
  void (*add_pairs)(const std::uint16_t* sums, int width, std::uint16_t* halves);

  // twice[2 x] = twice[2 x + 1] = sums[x], `width` times.
  void (*repeat)(const std::uint16_t* sums, int width, std::uint16_t* twice);
};

// The kernels of an available level.
const Kernels& sample_kernels(simd::Level level);

}  // namespace posewire::yuv
