#pragma once

// The kernels that find peaks, compiled once for each level. Nothing here may call an inline function of another
// header: the linker could keep the copy of a level that the processor does not run.

#include <cfloat>

#include "simd/kernels.h"
#include "simd/vector.h"

namespace posewire::simd {
namespace {

struct Rows {
  const float* up;
  const float* middle;
  const float* down;
};

// Bits of the peaks and of the shoulders among `lanes` cells.
struct Found {
  std::uint32_t peaks;
  std::uint32_t shoulders;
};

// Where the next cells are written.
struct Output {
  std::int32_t* peaks;
  std::int32_t* shoulders;
};

inline void classify(const Rows& rows, int x, int width, float threshold, std::int32_t cell, Output& out) {
  const float value = rows.middle[x];
  if (!(value > threshold && value <= FLT_MAX)) {
    return;
  }
  int failed = 0;
  bool steep = false;
  const auto compare = [&](bool passes, float other) {
    failed += passes ? 0 : 1;
    steep = steep || !(value >= 0.5F * other);
  };
  if (rows.up != nullptr) {
    compare(value > rows.up[x], rows.up[x]);
  }
  if (x > 0) {
    compare(value > rows.middle[x - 1], rows.middle[x - 1]);
  }
  if (x + 1 < width) {
    compare(value >= rows.middle[x + 1], rows.middle[x + 1]);
  }
  if (rows.down != nullptr) {
    compare(value >= rows.down[x], rows.down[x]);
  }
  if (failed == 0) {
    *out.peaks++ = cell;
  } else if (failed == 1 && !steep) {
    *out.shoulders++ = cell;
  }
}

inline Found classify_block(const Rows& rows, int x, float threshold) {
  const Floats value = load(rows.middle + x);
  const Ints high = value > threshold;
  if (mask_bits(high) == 0) {
    return {0, 0};
  }
  const Floats left = load(rows.middle + x - 1);
  const Floats right = load(rows.middle + x + 1);
  Ints passed = -(value > left) - (value >= right);
  Ints flat = (value >= 0.5F * left) & (value >= 0.5F * right);
  if (rows.up != nullptr) {
    const Floats up = load(rows.up + x);
    passed -= value > up;
    flat &= value >= 0.5F * up;
  } else {
    passed += 1;
  }
  if (rows.down != nullptr) {
    const Floats down = load(rows.down + x);
    passed -= value >= down;
    flat &= value >= 0.5F * down;
  } else {
    passed += 1;
  }
  const Ints legal = high & (value <= FLT_MAX);
  return {mask_bits(legal & (passed == 4)), mask_bits(legal & (passed == 3) & flat)};
}

inline std::int32_t* write_bits(std::uint32_t found, std::int32_t first, std::int32_t* cells) {
  for (; found != 0; found &= found - 1) {
    *cells++ = first + __builtin_ctz(found);
  }
  return cells;
}

inline void write_block(const Rows& rows, int x, float threshold, std::uint32_t wanted, std::int32_t first,
                        Output& out) {
  const Found found = classify_block(rows, x, threshold);
  out.peaks = write_bits(found.peaks & wanted, first + x, out.peaks);
  out.shoulders = write_bits(found.shoulders & wanted, first + x, out.shoulders);
}

void find_in_row(const Rows& rows, int width, float threshold, std::int32_t first, Output& out) {
  const int last = width - 1;
  classify(rows, 0, width, threshold, first, out);
  int x = 1;
  for (; x + lanes <= last; x += lanes) {
    write_block(rows, x, threshold, ~0U, first, out);
  }
  if (last - lanes >= 1) {  // the last whole block again, without the columns already done
    const int start = last - lanes;
    write_block(rows, start, threshold, ~0U << (x - start), first, out);
    x = last;
  }
  for (; x < width; ++x) {
    classify(rows, x, width, threshold, first + x, out);
  }
}

inline bool any_above(const float* values, std::ptrdiff_t count, float threshold) {
  std::ptrdiff_t i = 0;
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    const Ints high = (load(values + i) > threshold) | (load(values + i + lanes) > threshold) |
                      (load(values + i + 2 * lanes) > threshold) | (load(values + i + 3 * lanes) > threshold);
    if (mask_bits(high) != 0) {
      return true;
    }
  }
  for (; i < count; ++i) {
    if (values[i] > threshold) {
      return true;
    }
  }
  return false;
}

CellCounts find_peaks(const Plane& plane, float threshold, std::int32_t* peaks, std::int32_t* shoulders) {
  Output out{peaks, shoulders};
  const bool whole = plane.row_stride == plane.width;
  if (whole && !any_above(plane.cells, plane.row_stride * plane.height, threshold)) {
    return {0, 0};
  }
  for (int y = 0; y < plane.height; ++y) {
    const float* row = plane.cells + y * plane.row_stride;
    const Rows rows{y == 0 ? nullptr : row - plane.row_stride, row,
                    y + 1 == plane.height ? nullptr : row + plane.row_stride};
    find_in_row(rows, plane.width, threshold, y * plane.width, out);
  }
  return {static_cast<int>(out.peaks - peaks), static_cast<int>(out.shoulders - shoulders)};
}

void fit_offsets(int count, const float* before, const float* at, const float* after, float* offset) {
  constexpr float least = 1e-4F;         // stands for what is not positive
  constexpr float offset_max = 0.4999F;  // so that the nearest cell stays the peak's
  for (int i = 0; i < count; i += lanes) {
    const Floats low = logarithm(clamp(load(before + i), least, FLT_MAX));
    const Floats middle = logarithm(clamp(load(at + i), least, FLT_MAX));
    const Floats high = logarithm(clamp(load(after + i), least, FLT_MAX));
    const Floats curve = middle - low + (middle - high);
    const Floats vertex = 0.5F * (high - low) / select(curve > 1e-6F, curve, fill(1.0F));
    store(offset + i, clamp(vertex, -offset_max, offset_max));
  }
}

}  // namespace
}  // namespace posewire::simd
