#include "yuv/kernels.h"

#include <algorithm>

namespace posewire::yuv {
namespace {

// Samples are 9.7 fixed point, products with factors of 1 / 8192 so become 12.4, and both fit 16 bits.
constexpr int sample_bits = 7;
constexpr int product_bits = 4;
constexpr int half = 1 << (product_bits - 1);
constexpr int neutral = 128 << sample_bits;

[[gnu::always_inline]] inline std::int16_t times(std::int16_t sample, std::int16_t factor) {
  return static_cast<std::int16_t>((static_cast<std::int32_t>(sample) * factor) >> 16);
}

[[gnu::always_inline]] inline std::int16_t scaled(std::uint16_t value, std::uint16_t scale) {
  return static_cast<std::int16_t>(value * scale);
}

// Every step is cut to 16 bits, which loses nothing, so that twice as many fit a vector.
[[gnu::always_inline]] inline std::int16_t sum(std::int16_t a, std::int16_t b) {
  return static_cast<std::int16_t>(a + b);
}

[[gnu::always_inline]] inline std::uint8_t to_pixel(std::int16_t value) {
  const auto rounded = static_cast<std::int16_t>(sum(value, half) >> product_bits);
  return static_cast<std::uint8_t>(std::clamp<std::int16_t>(rounded, 0, 255));
}

[[gnu::always_inline]] inline std::uint16_t plus(std::uint16_t a, std::uint16_t b) {
  return static_cast<std::uint16_t>(a + b);
}

template <int stride>
[[gnu::always_inline]] inline void copy_row(const std::uint8_t* row, std::ptrdiff_t pixel_stride, int width,
                                            std::uint16_t* __restrict sums) {
  const std::ptrdiff_t step = stride == 0 ? pixel_stride : stride;
  for (int x = 0; x < width; ++x) {
    sums[x] = row[x * step];
  }
}

template <int stride, bool is_first>
[[gnu::always_inline]] inline void add_two_rows(const std::uint8_t* const* rows, std::ptrdiff_t pixel_stride, int width,
                                                std::uint16_t* __restrict sums) {
  const std::ptrdiff_t step = stride == 0 ? pixel_stride : stride;
  const std::uint8_t* const upper = rows[0];
  const std::uint8_t* const lower = rows[1];
  for (int x = 0; x < width; ++x) {
    const std::uint16_t two = plus(upper[x * step], lower[x * step]);
    sums[x] = is_first ? two : plus(sums[x], two);
  }
}

template <int stride>
[[gnu::always_inline]] inline void add_rows_at(const std::uint8_t* const* rows, int count, std::ptrdiff_t pixel_stride,
                                               int width, std::uint16_t* sums) {
  if (count == 1) {
    copy_row<stride>(rows[0], pixel_stride, width, sums);
    return;
  }
  add_two_rows<stride, true>(rows, pixel_stride, width, sums);
  for (int row = 2; row < count; row += 2) {
    add_two_rows<stride, false>(rows + row, pixel_stride, width, sums);
  }
}

// One body for every dispatch level.
[[gnu::always_inline]] inline void add_rows_body(const std::uint8_t* const* rows, int count,
                                                 std::ptrdiff_t pixel_stride, int width, std::uint16_t* sums) {
  if (pixel_stride == 1) {
    add_rows_at<1>(rows, count, pixel_stride, width, sums);
  } else if (pixel_stride == 2) {
    add_rows_at<2>(rows, count, pixel_stride, width, sums);
  } else {
    add_rows_at<0>(rows, count, pixel_stride, width, sums);
  }
}

[[gnu::always_inline]] inline void add_pairs_body(const std::uint16_t* __restrict sums, int width,
                                                  std::uint16_t* __restrict halves) {
  for (int x = 0; x < width; ++x) {
    halves[x] = static_cast<std::uint16_t>(sums[2 * x] + sums[2 * x + 1]);
  }
}

[[gnu::always_inline]] inline void repeat_body(const std::uint16_t* __restrict sums, int width,
                                               std::uint16_t* __restrict twice) {
  for (int x = 0; x < width; ++x) {
    twice[2 * x] = sums[x];
    twice[2 * x + 1] = sums[x];
  }
}

// How many pixels are computed apart before they are interleaved.
constexpr int stretch = 256;

struct Planes {
  std::uint8_t blue[stretch];
  std::uint8_t green[stretch];
  std::uint8_t red[stretch];
};

[[gnu::always_inline]] inline void to_planes(Sums y, Sums u, Sums v, const Colour& colour, int first, int width,
                                             Planes& planes) {
  const Colour c = colour;
  const auto black = static_cast<std::int16_t>(-(c.black << sample_bits));
  const auto green_u = static_cast<std::int16_t>(-c.green_u);
  const auto green_v = static_cast<std::int16_t>(-c.green_v);
  const std::uint16_t y_scale = 1U << (sample_bits - y.shift);
  const std::uint16_t u_scale = 1U << (sample_bits - u.shift);
  const std::uint16_t v_scale = 1U << (sample_bits - v.shift);
  for (int x = 0; x < width; ++x) {
    const std::int16_t luma = std::max<std::int16_t>(0, sum(scaled(y.values[first + x], y_scale), black));
    const std::int16_t blue = sum(scaled(u.values[first + x], u_scale), -neutral);
    const std::int16_t red = sum(scaled(v.values[first + x], v_scale), -neutral);
    const std::int16_t grey = times(luma, c.luma);
    planes.blue[x] = to_pixel(sum(grey, times(blue, c.blue_u)));
    planes.green[x] = to_pixel(sum(sum(grey, times(blue, green_u)), times(red, green_v)));
    planes.red[x] = to_pixel(sum(grey, times(red, c.red_v)));
  }
}

[[gnu::always_inline]] inline void interleave(const Planes& planes, int width, std::uint8_t* __restrict bgr) {
  for (int x = 0; x < width; ++x) {
    bgr[3 * x] = planes.blue[x];
    bgr[3 * x + 1] = planes.green[x];
    bgr[3 * x + 2] = planes.red[x];
  }
}

[[gnu::always_inline]] inline void write_bgr_body(Sums y, Sums u, Sums v, const Colour& colour, int width,
                                                  std::uint8_t* bgr) {
  Planes planes;
  for (int x = 0; x < width; x += stretch) {
    const int count = std::min(stretch, width - x);
    to_planes(y, u, v, colour, x, count, planes);
    interleave(planes, count, bgr + 3 * static_cast<std::ptrdiff_t>(x));
  }
}

}  // namespace

#define POSEWIRE_YUV_KERNELS(level, ...)                                                                           \
  namespace {                                                                                                      \
  __VA_ARGS__ void add_rows_##level(const std::uint8_t* const* rows, int count, std::ptrdiff_t pixel_stride,       \
                                    int width, std::uint16_t* sums) {                                              \
    add_rows_body(rows, count, pixel_stride, width, sums);                                                         \
  }                                                                                                                \
  __VA_ARGS__ void add_pairs_##level(const std::uint16_t* sums, int width, std::uint16_t* halves) {                \
    add_pairs_body(sums, width, halves);                                                                           \
  }                                                                                                                \
  __VA_ARGS__ void repeat_##level(const std::uint16_t* sums, int width, std::uint16_t* twice) {                    \
    repeat_body(sums, width, twice);                                                                               \
  }                                                                                                                \
  __VA_ARGS__ void write_bgr_##level(Sums y, Sums u, Sums v, const Colour& colour, int width, std::uint8_t* bgr) { \
    write_bgr_body(y, u, v, colour, width, bgr);                                                                   \
  }                                                                                                                \
  constexpr Kernels level##_kernels{add_rows_##level, add_pairs_##level, repeat_##level, write_bgr_##level};       \
  }

POSEWIRE_YUV_KERNELS(baseline)
#ifdef POSEWIRE_X86_LEVELS
POSEWIRE_YUV_KERNELS(avx2, [[gnu::target("avx2")]])
POSEWIRE_YUV_KERNELS(avx512, [[gnu::target("avx512f,avx512bw,avx512vl")]])
#endif

const Kernels& kernels(simd::Level level) {
#ifdef POSEWIRE_X86_LEVELS
  if (level == simd::Level::avx512) {
    return avx512_kernels;
  }
  if (level == simd::Level::avx2) {
    return avx2_kernels;
  }
#endif
  static_cast<void>(level);
  return baseline_kernels;
}

}  // namespace posewire::yuv
