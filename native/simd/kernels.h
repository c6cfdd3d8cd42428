#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/level.h"

namespace posewire::simd {

// One map: `height` rows of `width` floats, rows `row_stride` floats apart.
struct Plane {
  const float* cells;
  std::ptrdiff_t row_stride;
  int width;
  int height;
};

// The part affinity field of one limb; both planes have the same size and strides.
struct Field {
  Plane x;
  Plane y;
};

// Peaks of one channel in cells (0, 0 is the centre of the first cell). The arrays are readable up
// to the next multiple of `padding` beyond `count`.
struct Points {
  const float* x;
  const float* y;
  int count;
};

// Pairs of indices into two Points.
struct Pairs {
  std::int32_t* first;
  std::int32_t* second;
};

struct PairRule {
  float probe_min;    // least dot product with the field in the middle of a pair
  float sample_min;   // a sample counts as a hit above this dot product
  int samples;        // samples on a segment
  int misses_max;     // a pair with more samples that are no hits is rejected
};

constexpr int padding = 16;

// The hot loops at one level. Every level returns the same bits.
struct Kernels {
  // Writes the cells (y * width + x) above the threshold that are greater than their upper and left
  // neighbours and not less than their right and lower ones, in raster order, and returns how many:
  // at most half of the cells, rounded up. Outside counts as minus infinity. A cell that is NaN,
  // infinite or beside a NaN is no peak.
  int (*find_peaks)(const Plane& plane, float threshold, std::int32_t* cells);

  // Sub-pixel offset along one axis from the values before, at and after a peak: the vertex of the
  // parabola through their logarithms, within half a cell. Arrays are padded.
  void (*fit_offsets)(int count, const float* before, const float* at, const float* after, float* offset);

  // Writes the pairs whose field in the cell nearest to their middle points from first to second.
  int (*probe_pairs)(const Field& field, const PairRule& rule, Points first, Points second, Pairs out);

  // Mean dot product of the bilinear field with the direction of each pair, over `samples` places
  // spread evenly from end to end; minus one for a rejected pair. `score` is padded.
  void (*score_pairs)(const Field& field, const PairRule& rule, Points first, Points second,
                      Pairs pairs, int count, float* score);
};

// The kernels of an available level.
const Kernels& kernels(Level level);

}  // namespace posewire::simd
