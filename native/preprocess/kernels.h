#pragma once

#include <array>
#include <cstdint>

#include "preprocess/columns.h"
#include "simd/level.h"

namespace posewire {

// Blended rows are grey levels in fixed point with so many bits of fraction, which fills 15 bits.
constexpr int blended_bits = 7;

// So many values beyond a blended row are read; they do not matter.
constexpr int blended_padding = 8;

// From a blend of blended values, the weights' bits of fraction added, to a normalised one.
struct Scaling {
  float factor;
  float offset;
};

// A blended row, and what it becomes.
struct BlendedRow {
  const std::int16_t* values;
  Scaling scaling;
  float* out;
};

// The hot loops at one level. Every level returns the same bits: until they are normalised, values
// are whole numbers.
struct Kernels {
  // out[x] = weights[0] * rows[0][x] + ... + weights[count - 1] * rows[count - 1][x], rounded,
  // `width` times; the count is even, no weight is negative, and their sum is exactly 1.
  void (*blend_rows)(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int width,
                     std::int16_t* out);

  // out[x] = (the blend of column x) * factor + offset, for each of the columns, of three rows.
  void (*blend_columns)(const std::array<BlendedRow, 3>& rows, const Columns& columns);
};

// The kernels of an available level.
const Kernels& preprocess_kernels(simd::Level level);

}  // namespace posewire
