#pragma once

#include <array>
#include <cstdint>

#include "simd/level.h"
#include "yuv/colour.h"
#include "yuv/kernels.h"

namespace posewire::yuv {

// Where a row of pixels goes: blue, green and red, each without gaps.
using Channels = std::array<std::uint8_t*, 3>;

// Turns `width` pixels into colours.
using ColourRow = void (*)(Sums y, Sums u, Sums v, const Colour& colour, int width, const Channels& channels);

// The loop of an available level; all give the same bits.
ColourRow colour_row(simd::Level level);

}  // namespace posewire::yuv
