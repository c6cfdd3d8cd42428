#include "yuv/colour_row.h"

#include <algorithm>
#ifdef POSEWIRE_X86_LEVELS
#include <immintrin.h>

#define POSEWIRE_AVX2 [[gnu::target("avx2")]]
#endif

namespace posewire::yuv {
namespace {

// Samples are 9.7 fixed point, products with factors of 1 / 8192 so become 12.4, and both fit 16 bits.
constexpr int sample_bits = 7;
constexpr int product_bits = 4;
constexpr int half = 1 << (product_bits - 1);
constexpr int neutral = 128 << sample_bits;

inline std::int16_t times(std::int16_t sample, std::int16_t factor) {
  return static_cast<std::int16_t>((static_cast<std::int32_t>(sample) * factor) >> 16);
}

inline std::int16_t scaled(std::uint16_t value, std::uint16_t scale) {
  return static_cast<std::int16_t>(value * scale);
}

// Every step is cut to 16 bits, which loses nothing, so that twice as many fit a vector.
inline std::int16_t sum(std::int16_t a, std::int16_t b) { return static_cast<std::int16_t>(a + b); }

inline std::uint8_t to_pixel(std::int16_t value) {
  const auto rounded = static_cast<std::int16_t>(sum(value, half) >> product_bits);
  return static_cast<std::uint8_t>(std::clamp<std::int16_t>(rounded, 0, 255));
}

// What every row of a picture has in common.
struct Factors {
  std::int16_t y_scale;
  std::int16_t u_scale;
  std::int16_t v_scale;
  std::int16_t minus_black;
  std::int16_t luma;
  std::int16_t blue_u;
  std::int16_t minus_green_u;
  std::int16_t minus_green_v;
  std::int16_t red_v;
};

Factors factors_of(Sums y, Sums u, Sums v, const Colour& colour) {
  const auto scale = [](Sums sums) { return static_cast<std::int16_t>(1 << (sample_bits - sums.shift)); };
  const auto minus = [](int value) { return static_cast<std::int16_t>(-value); };
  return {scale(y),
          scale(u),
          scale(v),
          minus(colour.black << sample_bits),
          colour.luma,
          colour.blue_u,
          minus(colour.green_u),
          minus(colour.green_v),
          colour.red_v};
}

inline void colour_row_from(int x, Sums y, Sums u, Sums v, const Factors& factors, int width,
                            const Channels& channels) {
  for (; x < width; ++x) {
    const std::int16_t luma = std::max<std::int16_t>(0, sum(scaled(y.values[x], factors.y_scale), factors.minus_black));
    const std::int16_t blue = sum(scaled(u.values[x], factors.u_scale), -neutral);
    const std::int16_t red = sum(scaled(v.values[x], factors.v_scale), -neutral);
    const std::int16_t grey = times(luma, factors.luma);
    channels[0][x] = to_pixel(sum(grey, times(blue, factors.blue_u)));
    channels[1][x] = to_pixel(sum(sum(grey, times(blue, factors.minus_green_u)), times(red, factors.minus_green_v)));
    channels[2][x] = to_pixel(sum(grey, times(red, factors.red_v)));
  }
}

// Pixels are computed in stretches of this length into memory that the compiler knows to be unaliased;
// otherwise it could not use vectors.
constexpr int stretch = 256;

void colour_row_baseline(Sums y, Sums u, Sums v, const Colour& colour, int width, const Channels& channels) {
  const Factors factors = factors_of(y, u, v, colour);
  std::array<std::array<std::uint8_t, stretch>, 3> pixels;
  for (int x = 0; x < width; x += stretch) {
    const int count = std::min(stretch, width - x);
    const auto from = [x](Sums sums) { return Sums{sums.values + x, sums.shift}; };
    colour_row_from(0, from(y), from(u), from(v), factors, count,
                    {pixels[0].data(), pixels[1].data(), pixels[2].data()});
    for (std::size_t channel = 0; channel < 3; ++channel) {
      std::copy_n(pixels[channel].data(), count, channels[channel] + x);
    }
  }
}

#ifdef POSEWIRE_X86_LEVELS
POSEWIRE_AVX2 __m256i fill(std::int16_t value) { return _mm256_set1_epi16(value); }

POSEWIRE_AVX2 __m256i load_scaled(const std::uint16_t* from, std::int16_t scale, std::int16_t offset) {
  const __m256i values = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  return _mm256_add_epi16(_mm256_mullo_epi16(values, fill(scale)), fill(offset));
}

POSEWIRE_AVX2 __m256i times(__m256i samples, std::int16_t factor) { return _mm256_mulhi_epi16(samples, fill(factor)); }

// 16 pixels, not yet cut to 8 bits.
struct Pixels {
  __m256i blue;
  __m256i green;
  __m256i red;
};

POSEWIRE_AVX2 Pixels convert(const std::uint16_t* y, const std::uint16_t* u, const std::uint16_t* v,
                             const Factors& factors) {
  const __m256i luma = load_scaled(y, factors.y_scale, factors.minus_black);
  const __m256i blue = load_scaled(u, factors.u_scale, -neutral);
  const __m256i red = load_scaled(v, factors.v_scale, -neutral);
  const __m256i grey = times(_mm256_max_epi16(luma, _mm256_setzero_si256()), factors.luma);
  const __m256i rounding = _mm256_add_epi16(grey, fill(half));
  const __m256i green = _mm256_add_epi16(times(blue, factors.minus_green_u), times(red, factors.minus_green_v));
  return {_mm256_srai_epi16(_mm256_add_epi16(rounding, times(blue, factors.blue_u)), product_bits),
          _mm256_srai_epi16(_mm256_add_epi16(rounding, green), product_bits),
          _mm256_srai_epi16(_mm256_add_epi16(rounding, times(red, factors.red_v)), product_bits)};
}

POSEWIRE_AVX2 void store_pixels(std::uint8_t* to, __m256i first, __m256i second) {
  constexpr int in_order = 0xd8;  // Packing takes halves in turns.
  const __m256i pixels = _mm256_permute4x64_epi64(_mm256_packus_epi16(first, second), in_order);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), pixels);
}

POSEWIRE_AVX2 void colour_row_avx2(Sums y, Sums u, Sums v, const Colour& colour, int width, const Channels& channels) {
  const Factors factors = factors_of(y, u, v, colour);
  const auto [blues, greens, reds] = channels;
  int x = 0;
  for (; x + 32 <= width; x += 32) {
    const Pixels first = convert(y.values + x, u.values + x, v.values + x, factors);
    const Pixels second = convert(y.values + x + 16, u.values + x + 16, v.values + x + 16, factors);
    store_pixels(blues + x, first.blue, second.blue);
    store_pixels(greens + x, first.green, second.green);
    store_pixels(reds + x, first.red, second.red);
  }
  colour_row_from(x, y, u, v, factors, width, channels);
}
#endif

}  // namespace

ColourRow colour_row(simd::Level level) {
#ifdef POSEWIRE_X86_LEVELS
  if (level != simd::Level::baseline) {
    return colour_row_avx2;
  }
#endif
  static_cast<void>(level);
  return colour_row_baseline;
}

}  // namespace posewire::yuv
