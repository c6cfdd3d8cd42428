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

inline bool is_peak(const Rows& rows, int x, int width, float threshold) {
  const float value = rows.middle[x];
  return value > threshold && value <= FLT_MAX && (x == 0 || value > rows.middle[x - 1]) &&
         (x + 1 == width || value >= rows.middle[x + 1]) && (rows.up == nullptr || value > rows.up[x]) &&
         (rows.down == nullptr || value >= rows.down[x]);
}

inline std::uint32_t peak_bits(const Rows& rows, int x, float threshold) {
  const Floats value = load(rows.middle + x);
  const std::uint32_t high = mask_bits(value > threshold);
  if (high == 0) {
    return 0;
  }
  Ints peak = (value <= FLT_MAX) & (value > load(rows.middle + x - 1)) & (value >= load(rows.middle + x + 1));
  if (rows.up != nullptr) {
    peak &= value > load(rows.up + x);
  }
  if (rows.down != nullptr) {
    peak &= value >= load(rows.down + x);
  }
  return high & mask_bits(peak);
}

inline std::int32_t* write_bits(std::uint32_t found, std::int32_t first, std::int32_t* cells) {
  for (; found != 0; found &= found - 1) {
    *cells++ = first + __builtin_ctz(found);
  }
  return cells;
}

std::int32_t* find_in_row(const Rows& rows, int width, float threshold, std::int32_t first, std::int32_t* cells) {
  const int last = width - 1;
  int x = 0;
  if (is_peak(rows, x, width, threshold)) {
    *cells++ = first;
  }
  for (x = 1; x + lanes <= last; x += lanes) {
    cells = write_bits(peak_bits(rows, x, threshold), first + x, cells);
  }
  if (last - lanes >= 1) {  // the last whole block again, without the columns already done
    const int start = last - lanes;
    const std::uint32_t fresh = ~0U << (x - start);
    cells = write_bits(peak_bits(rows, start, threshold) & fresh, first + start, cells);
    x = last;
  }
  for (; x < width; ++x) {
    if (is_peak(rows, x, width, threshold)) {
      *cells++ = first + x;
    }
  }
  return cells;
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

int find_peaks(const Plane& plane, float threshold, std::int32_t* cells) {
  std::int32_t* end = cells;
  for (int y = 0; y < plane.height; ++y) {
    const float* row = plane.cells + y * plane.row_stride;
    if (!any_above(row, plane.width, threshold)) {
      continue;
    }
    const Rows rows{y == 0 ? nullptr : row - plane.row_stride, row,
                    y + 1 == plane.height ? nullptr : row + plane.row_stride};
    end = find_in_row(rows, plane.width, threshold, y * plane.width, end);
  }
  return static_cast<int>(end - cells);
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

int probe_pairs(const Field& field, const PairRule& rule, Points first, Points second, Pairs out) {
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
      const Floats least = rule.probe_min * rule.probe_min * (dx * dx + dy * dy);
      std::uint32_t hits = mask_bits((along > 0.0F) & (along * along > least));
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
    const Floats along = interpolate(field.x, place) * along_x + interpolate(field.y, place) * along_y;
    misses += (along > rule.sample_min) + 1;
    if (mask_bits(misses <= rule.misses_max) == 0) {
      return fill(-1.0F);
    }
    sum += along;
  }
  return select((misses <= rule.misses_max) & (length > 1e-6F), sum / static_cast<float>(rule.samples), fill(-1.0F));
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
