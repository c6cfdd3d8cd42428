#pragma once

#include <cstdint>
#include <string_view>

namespace posewire::yuv {

// How luma and chroma become colours, for factors of 1 / 8192. Luma below `black` counts as black.
//   blue = luma * (y - black) + blue_u * u
//   green = luma * (y - black) - green_u * u - green_v * v
//   red = luma * (y - black) + red_v * v
struct Colour {
  std::int16_t black;
  std::int16_t luma;
  std::int16_t blue_u;
  std::int16_t green_u;
  std::int16_t green_v;
  std::int16_t red_v;
};

// The colours of a matrix, "bt601" or "bt709" (ITU-R BT.601-7, BT.709-6): in full range luma and
// chroma go from 0 to 255, otherwise luma from 16 to 235 and chroma from 16 to 240.
// Throws std::invalid_argument for any other matrix.
Colour choose_colour(std::string_view matrix, bool full_range);

}  // namespace posewire::yuv
