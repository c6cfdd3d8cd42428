#pragma once

#include <cstdint>

#include "simd/level.h"

namespace posewire {

// out[x] = weights[0] * rows[0][x] + ... + weights[count - 1] * rows[count - 1][x], `size` times.
using BlendRows = void (*)(const std::uint8_t* const* rows, const float* weights, int count, int size, float* out);

// The kernel of a dispatch level; all give the same bits.
BlendRows blend_rows(simd::Level level);

}  // namespace posewire
