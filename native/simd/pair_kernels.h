#pragma once

// The kernels that judge pairs of peaks, compiled once for each level. Nothing here may call an inline function of
// another header: the linker could keep the copy of a level that the processor does not run.

#include <cfloat>

#include "simd/kernels.h"
#include "simd/vector.h"

namespace posewire::simd {
namespace {

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
  const Floats column = clamp(x, 0.0F, static_cast<float>(plane.width - 1));
  const Floats row = clamp(y, 0.0F, static_cast<float>(plane.height - 1));
  const Floats left = to_floats(to_ints(lesser(column, fill(static_cast<float>(plane.width) - 1.5F))));
  const Floats up = to_floats(to_ints(lesser(row, fill(static_cast<float>(plane.height) - 1.5F))));
  const Ints cell = to_ints(up) * static_cast<std::int32_t>(plane.row_stride) + to_ints(left);
  return {cell, column - left, row - up};
}

inline Floats interpolate(const Plane& plane, const Place& place) {
  Floats left{};
  Floats right{};
  gather_neighbours(plane.cells, place.cell, left, right);
  const Floats upper = mix(left, right, place.right);
  gather_neighbours(plane.cells + plane.row_stride, place.cell, left, right);
  return mix(upper, mix(left, right, place.right), place.down);
}

void sample_arrows(const Field& field, Points points, float* x, float* y) {
  for (int i = 0; i < points.count; i += lanes) {
    const Place place = locate(field.x, load(points.x + i), load(points.y + i));
    const Floats arrow_x = interpolate(field.x, place);
    const Floats arrow_y = interpolate(field.y, place);
    const Floats length = square_root(arrow_x * arrow_x + arrow_y * arrow_y);
    const Floats scale = 1.0F / greater(length, fill(1e-6F));
    store(x + i, arrow_x * scale);
    store(y + i, arrow_y * scale);
  }
}

// The lanes below `count`.
inline Ints first_lanes(int count) { return count_up() < fill(static_cast<std::int32_t>(count)); }

// The second points whose pairs with first point `a` leave it and reach them within a cone about the
// field there, and those so near that the direction says little.
int point_ends(const PairRule& rule, Points first, int a, Points second, Arrows first_arrows, Arrows second_arrows,
               std::int32_t* out) {
  const float cosine = rule.end_cosine_min * rule.end_cosine_min;
  const float shortest = rule.end_length_min * rule.end_length_min;
  int found = 0;
  for (int b = 0; b < second.count; b += lanes) {
    const Floats dx = load(second.x + b) - first.x[a];
    const Floats dy = load(second.y + b) - first.y[a];
    const Floats square = dx * dx + dy * dy;
    const Floats leave = dx * first_arrows.x[a] + dy * first_arrows.y[a];
    const Floats reach = dx * load(second_arrows.x + b) + dy * load(second_arrows.y + b);
    const Floats least = lesser(leave, reach);
    const Ints within = (least > 0.0F) & (least * least > cosine * square);
    const Ints wanted = (within | (square < shortest)) & first_lanes(second.count - b);
    found += store_packed(wanted, count_up() + static_cast<std::int32_t>(b), out + found);
  }
  return found;
}

// The field along a pair in the cell nearest to (x, y).
inline Floats probe(const Field& field, Floats x, Floats y, Floats dx, Floats dy) {
  const Ints cell = to_ints(y + 0.5F) * static_cast<std::int32_t>(field.x.row_stride) + to_ints(x + 0.5F);
  return gather(field.x.cells, cell) * dx + gather(field.y.cells, cell) * dy;
}

// Of these second points, in place, those with the field pointing along the pair in its middle.
int probe_middles(const Field& field, float x, float y, Points second, std::int32_t* list, int count) {
  int found = 0;
  for (int i = 0; i < count; i += lanes) {
    const Ints valid = first_lanes(count - i);
    const Ints b = load(list + i) & valid;
    const Floats bx = gather(second.x, b);
    const Floats by = gather(second.y, b);
    const Floats along = probe(field, 0.5F * (bx + x), 0.5F * (by + y), bx - x, by - y);
    found += store_packed((along > 0.0F) & valid, b, list + found);
  }
  return found;
}

// Of the pairs, in place, those with the field pointing along them in enough of four more places.
int probe_sides(const Field& field, const PairRule& rule, Points first, Points second, Pairs pairs, int count) {
  constexpr float places[] = {0.35F, 0.65F, 0.15F, 0.85F};
  const int misses_max = 1 + 4 * rule.misses_max / rule.samples;
  int found = 0;
  for (int i = 0; i < count; i += lanes) {
    const Ints valid = first_lanes(count - i);
    const Ints a = load(pairs.first + i) & valid;
    const Ints b = load(pairs.second + i) & valid;
    const Floats x = gather(first.x, a);
    const Floats y = gather(first.y, a);
    const Floats dx = gather(second.x, b) - x;
    const Floats dy = gather(second.y, b) - y;
    Ints misses{};
    for (const float place : places) {
      misses += (probe(field, x + place * dx, y + place * dy, dx, dy) > 0.0F) + 1;
    }
    const Ints wanted = (misses <= misses_max) & valid;
    store_packed(wanted, a, pairs.first + found);
    found += store_packed(wanted, b, pairs.second + found);
  }
  return found;
}

int probe_pairs(const Field& field, const PairRule& rule, Points first, Points second, Arrows first_arrows,
                Arrows second_arrows, Pairs out) {
  int found = 0;
  for (int a = 0; a < first.count; ++a) {
    std::int32_t* list = out.second + found;
    const int near = point_ends(rule, first, a, second, first_arrows, second_arrows, list);
    const int end = found + probe_middles(field, first.x[a], first.y[a], second, list, near);
    for (; found < end; ++found) {
      out.first[found] = a;
    }
  }
  return probe_sides(field, rule, first, second, out, found);
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
    sum += along - rule.across_weight * magnitude(across);
  }
  const Floats score = sum / static_cast<float>(rule.samples) - rule.length_weight * length;
  return select((misses <= rule.misses_max) & (length > 1e-6F) & (score <= FLT_MAX), score, fill(-1.0F));
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

}  // namespace
}  // namespace posewire::simd
