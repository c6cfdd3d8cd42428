#include "preprocess/kernels_avx2.h"

#include <immintrin.h>

#include <array>
#include <cstring>

#define POSEWIRE_AVX2 [[gnu::target("avx2")]]

namespace posewire {
namespace {

POSEWIRE_AVX2 __m128i load_half(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
POSEWIRE_AVX2 __m256i load(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }
POSEWIRE_AVX2 void store(void* to, __m256i value) { _mm256_storeu_si256(static_cast<__m256i*>(to), value); }

// The 16 bytes at each of two places.
POSEWIRE_AVX2 __m256i load_two(const void* low, const void* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(load_half(low)), load_half(high), 1);
}

// Two neighbours as one number.
std::int32_t two_values(const std::int16_t* values) {
  std::int32_t both = 0;
  std::memcpy(&both, values, sizeof(both));
  return both;
}

constexpr int shift = weight_bits - blended_bits;

POSEWIRE_AVX2 std::int16_t blend_one(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int x) {
  std::int32_t sum = 1 << (shift - 1);
  for (int tap = 0; tap < count; ++tap) {
    sum += weights[tap] * rows[tap][x];
  }
  return static_cast<std::int16_t>(sum >> shift);
}

POSEWIRE_AVX2 __m256i blend_sixteen(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int x) {
  __m256i low = _mm256_set1_epi32(1 << (shift - 1));
  __m256i high = low;
  for (int tap = 0; tap < count; tap += 2) {
    const __m256i pair = _mm256_set1_epi32(two_values(weights + tap));
    const __m256i upper = _mm256_cvtepu8_epi16(load_half(rows[tap] + x));
    const __m256i lower = _mm256_cvtepu8_epi16(load_half(rows[tap + 1] + x));
    low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(upper, lower), pair));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(upper, lower), pair));
  }
  return _mm256_packs_epi32(_mm256_srai_epi32(low, shift), _mm256_srai_epi32(high, shift));
}

// Two rows, of which the near one has at least half of the weight.
struct TwoRows {
  const std::uint8_t* near;
  const std::uint8_t* far;
  std::int16_t far_weight;
};

TwoRows two_rows(const std::uint8_t* const* rows, const std::int16_t* weights) {
  return weights[0] < weights[1] ? TwoRows{rows[1], rows[0], weights[0]} : TwoRows{rows[0], rows[1], weights[1]};
}

POSEWIRE_AVX2 __m256i load_blended(const std::uint8_t* from) {
  return _mm256_slli_epi16(_mm256_cvtepu8_epi16(load_half(from)), blended_bits);
}

// As the weights add up to 1, a blend is the near value and a part of the way to the far one. Nothing
// of it leaves 16 bits, and mulhrs rounds at the very bit at which the sum of both products is rounded.
// Returns how many pixels it made.
POSEWIRE_AVX2 int blend_two_rows(const TwoRows& rows, int width, std::int16_t* out) {
  constexpr int mulhrs_bits = 15;
  const __m256i share = _mm256_set1_epi16(static_cast<std::int16_t>(rows.far_weight << (mulhrs_bits - weight_bits)));
  int x = 0;
  for (; x + 16 <= width; x += 16) {
    const __m256i near = load_blended(rows.near + x);
    const __m256i way = _mm256_sub_epi16(load_blended(rows.far + x), near);
    store(out + x, _mm256_add_epi16(near, _mm256_mulhrs_epi16(way, share)));
  }
  return x;
}

POSEWIRE_AVX2 void blend_rows(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int width,
                              std::int16_t* out) {
  int x = 0;
  if (count == 2) {
    x = blend_two_rows(two_rows(rows, weights), width, out);
  }
  for (; x + 16 <= width; x += 16) {
    store(out + x, blend_sixteen(rows, weights, count, x));
  }
  for (; x < width; ++x) {
    out[x] = blend_one(rows, weights, count, x);
  }
}

// The sums of eight columns of two taps.
struct TwoTaps {
  const std::int32_t* first;
  const std::int32_t* shuffles;
  const std::int32_t* weights;

  explicit TwoTaps(const Columns& columns)
      : first(columns.first.data()), shuffles(columns.shuffles.data()), weights(columns.pairs.data()) {}

  POSEWIRE_AVX2 __m256i operator()(const std::int16_t* blended, int x) const {
    const __m256i values = load_two(blended + first[x], blended + first[x + 4]);
    return _mm256_madd_epi16(_mm256_shuffle_epi8(values, load(shuffles + x)), load(weights + x));
  }
};

// The sums of eight columns of any number of taps.
struct AnyTaps {
  const std::int32_t* first;
  const std::int32_t* weights;
  std::size_t padded;
  int count;

  explicit AnyTaps(const Columns& columns)
      : first(columns.first.data()),
        weights(columns.pairs.data()),
        padded(columns.first.size()),
        count(columns.taps.count) {}

  POSEWIRE_AVX2 __m256i operator()(const std::int16_t* blended, int x) const {
    const std::int32_t* pairs = weights + x;
    __m256i sum = _mm256_setzero_si256();
    for (int tap = 0; tap < count; tap += 2, pairs += padded) {
      const auto two = [&](int i) { return two_values(blended + first[x + i] + tap); };
      const __m256i values = _mm256_setr_epi32(two(0), two(1), two(2), two(3), two(4), two(5), two(6), two(7));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(values, load(pairs)));
    }
    return sum;
  }
};

template <typename Blend>
POSEWIRE_AVX2 __m256 blend_eight(const Blend& blend, const BlendedRow& row, int x) {
  const __m256 sum = _mm256_cvtepi32_ps(blend(row.values, x));
  return _mm256_add_ps(_mm256_mul_ps(sum, _mm256_set1_ps(row.scaling.factor)), _mm256_set1_ps(row.scaling.offset));
}

// Three rows at once, for they have their places and weights in common: all three are computed before
// one is stored, for after that the compiler would read those again.
template <typename Blend>
POSEWIRE_AVX2 void blend_columns_by(const Blend& blend, const std::array<BlendedRow, 3>& rows, int size) {
  const auto [first, second, third] = rows;
  int x = 0;
  for (; x + column_block <= size; x += column_block) {
    const __m256 values[] = {blend_eight(blend, first, x), blend_eight(blend, second, x), blend_eight(blend, third, x)};
    _mm256_storeu_ps(first.out + x, values[0]);
    _mm256_storeu_ps(second.out + x, values[1]);
    _mm256_storeu_ps(third.out + x, values[2]);
  }
  for (const BlendedRow& row : rows) {
    const __m256 values = x < size ? blend_eight(blend, row, x) : _mm256_setzero_ps();
    std::memcpy(row.out + x, &values, static_cast<std::size_t>(size - x) * sizeof(float));
  }
}

POSEWIRE_AVX2 void blend_columns(const std::array<BlendedRow, 3>& rows, const Columns& columns) {
  if (columns.taps.count == 2) {
    blend_columns_by(TwoTaps(columns), rows, columns.taps.size_out);
  } else {
    blend_columns_by(AnyTaps(columns), rows, columns.taps.size_out);
  }
}

}  // namespace

const Kernels avx2_kernels{blend_rows, blend_columns};

}  // namespace posewire
