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

// A unit vector at each of some Points, or zero; padded like them.
struct Arrows {
  const float* x;
  const float* y;
};

// Pairs of indices into two Points.
struct Pairs {
  std::int32_t* first;
  std::int32_t* second;
};

struct PairRule {
  float end_cosine_min;  // least cosine between a pair and the field at its ends, for the filter,
  float end_length_min;  // of pairs at least that many cells long
  float sample_min;      // a sample hits if the field along the pair exceeds this
  int samples;           // places on a pair, spread evenly from end to end
  int misses_max;        // a pair with more samples that do not hit is rejected
  float across_weight;   // taken from the score for each unit of field across the pair
  float length_weight;   // taken from the score for each cell between the ends
};

constexpr int padding = 16;

struct CellCounts {
  int peaks;
  int shoulders;
};

// The hot loops at one level. Every level returns the same bits.
struct Kernels {
  // Writes the peaks and the shoulders of a map as cells (y * width + x) in raster order. A peak
  // exceeds the threshold, its upper and left neighbours, and is not below its right and lower ones;
  // a shoulder fails one of these four comparisons, but has at least half of that neighbour. Outside
  // counts as minus infinity. NaN and infinite cells are neither. Each list needs room for all cells.
  CellCounts (*find_peaks)(const Plane& plane, float threshold, std::int32_t* peaks, std::int32_t* shoulders);

  // Sub-pixel offset along one axis from the values before, at and after a peak: the vertex of the
  // parabola through their logarithms, within half a cell. Arrays are padded.
  void (*fit_offsets)(int count, const float* before, const float* at, const float* after, float* offset);

  // The direction of the field at each point.
  void (*sample_arrows)(const Field& field, Points points, float* x, float* y);

  // Writes the pairs with the field pointing along them at their ends, in the cell nearest to their
  // middle, and in most of four other places, ordered by first, then second; returns how many. This
  // filters what would hardly pass the rule. The lists need room for all pairs and `padding` more.
  // Points must lie within half a cell of the field's cells.
  int (*probe_pairs)(const Field& field, const PairRule& rule, Points first, Points second, Arrows first_arrows,
                     Arrows second_arrows, Pairs out);

  // The mean of the field along each pair, less the costs of the rule; minus one for a rejected pair.
  // The field is interpolated linearly between cells. The arrays of pairs and scores are padded.
  void (*score_pairs)(const Field& field, const PairRule& rule, Points first, Points second, Pairs pairs, int count,
                      float* score);
};

// The kernels of an available level.
const Kernels& kernels(Level level);

}  // namespace posewire::simd
