#pragma once

// The kernels themselves, compiled once for each level. Nothing here may call an inline function of
// another header: the linker could keep the copy of a level that the processor does not run.

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

inline bool any_above(const float* row, int width, float threshold) {
  int x = 0;
  for (; x + 4 * lanes <= width; x += 4 * lanes) {
    const Ints high = (load(row + x) > threshold) | (load(row + x + lanes) > threshold) |
                      (load(row + x + 2 * lanes) > threshold) | (load(row + x + 3 * lanes) > threshold);
    if (mask_bits(high) != 0) {
      return true;
    }
  }
  for (; x + lanes <= width; x += lanes) {
    if (mask_bits(load(row + x) > threshold) != 0) {
      return true;
    }
  }
  if (width >= lanes) {
    return mask_bits(load(row + width - lanes) > threshold) != 0;
  }
  for (; x < width; ++x) {
    if (row[x] > threshold) {
      return true;
    }
  }
  return false;
}

CellCounts find_peaks(const Plane& plane, float threshold, std::int32_t* peaks, std::int32_t* shoulders) {
  Output out{peaks, shoulders};
  for (int y = 0; y < plane.height; ++y) {
    const float* row = plane.cells + y * plane.row_stride;
    if (!any_above(row, plane.width, threshold)) {
      continue;
    }
    const Rows rows{y == 0 ? nullptr : row - plane.row_stride, row,
                    y + 1 == plane.height ? nullptr : row + plane.row_stride};
    find_in_row(rows, plane.width, threshold, y * plane.width, out);
  }
  return {static_cast<int>(out.peaks - peaks), static_cast<int>(out.shoulders - shoulders)};
}

void fit_offsets(int count, const float* before, const float* at, const float* after, float* offset) {
  constexpr float least = 1e-4F;  // stands for what is not positive
  for (int i = 0; i < count; i += lanes) {
    const Floats low = logarithm(clamp(load(before + i), fill(least), fill(FLT_MAX)));
    const Floats middle = logarithm(clamp(load(at + i), fill(least), fill(FLT_MAX)));
    const Floats high = logarithm(clamp(load(after + i), fill(least), fill(FLT_MAX)));
    const Floats curve = middle - low + (middle - high);
    const Floats vertex = 0.5F * (high - low) / select(curve > 1e-6F, curve, fill(1.0F));
    store(offset + i, clamp(vertex, fill(-0.5F), fill(0.5F)));
  }
}

inline Ints nearest_cell(Floats position, int size) {
  return to_ints(clamp(position + 0.5F, fill(0.0F), fill(static_cast<float>(size - 1))));
}

int probe_pairs(const Field& field, Points first, Points second, Pairs out) {
  int found = 0;
  const std::int32_t stride = static_cast<std::int32_t>(field.x.row_stride);
  for (int a = 0; a < first.count; ++a) {
    for (int b = 0; b < second.count; b += lanes) {
      const Floats bx = load(second.x + b);
      const Floats by = load(second.y + b);
      const Floats dx = bx - first.x[a];
      const Floats dy = by - first.y[a];
      const Ints column = nearest_cell(0.5F * (bx + first.x[a]), field.x.width);
      const Ints row = nearest_cell(0.5F * (by + first.y[a]), field.x.height);
      const Ints cell = row * stride + column;
      const Floats along = gather(field.x.cells, cell) * dx + gather(field.y.cells, cell) * dy;
      std::uint32_t hits = mask_bits(along > 0.0F);
      if (second.count - b < lanes) {
        hits &= (1U << (second.count - b)) - 1;
      }
      for (; hits != 0; hits &= hits - 1) {
        out.first[found] = a;
        out.second[found++] = b + __builtin_ctz(hits);
      }
    }
  }
  return found;
}

struct Segments {
  Floats x;
  Floats y;
  Floats dx;
  Floats dy;
};

inline Segments load_segments(Points first, Points second, Pairs pairs, int i) {
  const Ints a = load(pairs.first + i);
  const Ints b = load(pairs.second + i);
  const Floats x = gather(first.x, a);
  const Floats y = gather(first.y, a);
  return {x, y, gather(second.x, b) - x, gather(second.y, b) - y};
}

inline Floats mix(Floats from, Floats to, Floats share) { return from + share * (to - from); }

// Where the four cells around a place are, and how far it lies beyond the first.
struct Place {
  Ints cell;
  Floats right;
  Floats down;
};

inline Place locate(const Plane& plane, Floats x, Floats y) {
  const Floats column = clamp(x, fill(0.0F), fill(static_cast<float>(plane.width - 1)));
  const Floats row = clamp(y, fill(0.0F), fill(static_cast<float>(plane.height - 1)));
  const Ints last_column = fill(static_cast<std::int32_t>(plane.width - 2));
  const Ints last_row = fill(static_cast<std::int32_t>(plane.height - 2));
  Ints left = to_ints(column);
  Ints up = to_ints(row);
  left = select(left > last_column, last_column, left);
  up = select(up > last_row, last_row, up);
  return {up * static_cast<std::int32_t>(plane.row_stride) + left, column - to_floats(left), row - to_floats(up)};
}

inline Floats interpolate(const Plane& plane, const Place& place) {
  const float* below = plane.cells + plane.row_stride;
  const Floats upper = mix(gather(plane.cells, place.cell), gather(plane.cells + 1, place.cell), place.right);
  const Floats lower = mix(gather(below, place.cell), gather(below + 1, place.cell), place.right);
  return mix(upper, lower, place.down);
}

inline Floats score_segments(const Field& field, const PairRule& rule, const Segments& segments) {
  const Floats length = square_root(segments.dx * segments.dx + segments.dy * segments.dy);
  const Floats scale = 1.0F / select(length > 1e-6F, length, fill(1.0F));
  const Floats along_x = segments.dx * scale;
  const Floats along_y = segments.dy * scale;
  Floats sum{};
  Ints misses{};
  for (int sample = 0; sample < rule.samples; ++sample) {
    const float share = (static_cast<float>(sample) + 0.5F) / static_cast<float>(rule.samples);
    const Place place = locate(field.x, segments.x + share * segments.dx, segments.y + share * segments.dy);
    const Floats x = interpolate(field.x, place);
    const Floats y = interpolate(field.y, place);
    const Floats along = x * along_x + y * along_y;
    const Floats across = x * along_y - y * along_x;
    misses += (along > rule.sample_min) + 1;
    if (mask_bits(misses <= rule.misses_max) == 0) {
      return fill(-1.0F);
    }
    sum += along - rule.across_weight * select(across > 0.0F, across, -across);
  }
  const Floats score = sum / static_cast<float>(rule.samples) - rule.length_weight * length;
  return select((misses <= rule.misses_max) & (length > 1e-6F), score, fill(-1.0F));
}

void score_pairs(const Field& field, const PairRule& rule, Points first, Points second, Pairs pairs, int count,
                 float* score) {
  for (int end = (count + lanes - 1) / lanes * lanes, i = count; i < end; ++i) {
    pairs.first[i] = 0;
    pairs.second[i] = 0;
  }
  for (int i = 0; i < count; i += lanes) {
    store(score + i, score_segments(field, rule, load_segments(first, second, pairs, i)));
  }
}

constexpr Kernels level_kernels{find_peaks, fit_offsets, probe_pairs, score_pairs};

}  // namespace
}  // namespace posewire::simd
