#pragma once

#include <array>

#include "preprocess/taps.h"

namespace posewire {

using Quad [[gnu::vector_size(16)]] = float;

// Takes one row of interleaved pixels to its place in three planes: blends its columns, normalises,
// splits the channels. Lanes 0 to 2 are the channels as they lie in the row.
struct RowWriter {
  Quad mean;
  Quad scale;
  std::array<float*, 3> planes;

  // `blended` holds columns.size_in pixels and one more float, whose value does not matter.
  void write(const float* blended, const Taps& columns) const;
};

}  // namespace posewire
