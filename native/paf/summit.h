#pragma once

#include <array>

#include "simd/kernels.h"

namespace posewire::paf {

// A local maximum of a map enlarged by 8 with bicubic interpolation, in cells of the map.
struct Summit {
  float x;
  float y;
  float value;
};

// The highest local maximum, above the threshold, of the enlarged map inside the square of one cell.
// The interpolation is OpenCV's (Keys' kernel with a = -0.75, the border repeated). Returns whether
// there is one; of equal neighbours the first counts as the greater.
bool find_summit(const simd::Plane& plane, int column, int row, float threshold, Summit& summit);

}  // namespace posewire::paf
