#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/level.h"
#include "yuv/colour.h"

namespace posewire::yuv {

// A row of pixels, each the sum of `1 << shift` samples.
struct Sums {
  const std::uint16_t* values;
  int shift;
};

// The hot loops at one level. Every level returns the same bits.
struct Kernels {
  // sums[x] = rows[0][x * pixel_stride] + ... + rows[count - 1][x * pixel_stride], `width` times.
  void (*add_rows)(const std::uint8_t* const* rows, int count, std::ptrdiff_t pixel_stride, int width,
                   std::uint16_t* sums);

  // halves[x] = sums[2 x] + sums[2 x + 1], `width` times.
  void (*add_pairs)(const std::uint16_t* sums, int width, std::uint16_t* halves);

  // twice[2 x] = twice[2 x + 1] = sums[x], `width` times.
  void (*repeat)(const std::uint16_t* sums, int width, std::uint16_t* twice);

  // Writes `width` pixels of blue, green, red.
  void (*write_bgr)(Sums y, Sums u, Sums v, const Colour& colour, int width, std::uint8_t* bgr);
};

// The kernels of an available level.
const Kernels& kernels(simd::Level level);

}  // namespace posewire::yuv
