#include "yuv/kernels.h"

#include <cstring>

namespace posewire::yuv {
namespace {

[[gnu::always_inline]] inline std::uint16_t plus(std::uint16_t a, std::uint16_t b) {
  return static_cast<std::uint16_t>(a + b);
}

template <int stride>
[[gnu::always_inline]] inline void add_rows_at(const std::uint8_t* const* rows, int count, std::ptrdiff_t pixel_stride,
                                               int width, std::uint16_t* __restrict sums) {
  const std::ptrdiff_t step = stride == 0 ? pixel_stride : stride;
  for (int x = 0; x < width; ++x) {
    sums[x] = rows[0][x * step];
  }
  for (int row = 1; row < count; ++row) {
    const std::uint8_t* const samples = rows[row];
    for (int x = 0; x < width; ++x) {
      sums[x] = plus(sums[x], samples[x * step]);
    }
  }
}

// One body for every dispatch level.
[[gnu::always_inline]] inline void add_rows_body(const std::uint8_t* const* rows, int count,
                                                 std::ptrdiff_t pixel_stride, int width, std::uint16_t* sums) {
  if (pixel_stride == 1) {
    add_rows_at<1>(rows, count, pixel_stride, width, sums);
  } else {
    add_rows_at<0>(rows, count, pixel_stride, width, sums);
  }
}

// Two bytes as one number: both are had without moving them about.
[[gnu::always_inline]] inline std::uint16_t word(const std::uint8_t* row, int x) {
  std::uint16_t value = 0;
  std::memcpy(&value, row + 2 * static_cast<std::ptrdiff_t>(x), sizeof(value));
  return value;
}

[[gnu::always_inline]] inline std::uint16_t low(std::uint16_t word) { return word & 0xff; }
[[gnu::always_inline]] inline std::uint16_t high(std::uint16_t word) { return word >> 8; }

[[gnu::always_inline]] inline void add_twos_body(const std::uint8_t* const* rows, int count, int width,
                                                 std::uint16_t* __restrict sums) {
  for (int row = 0; row < count; row += 2) {
    const std::uint8_t* const upper = rows[row];
    const std::uint8_t* const lower = rows[row + 1];
    for (int x = 0; x < width; ++x) {
      const std::uint16_t a = word(upper, x);
      const std::uint16_t b = word(lower, x);
      const std::uint16_t four = plus(plus(low(a), high(a)), plus(low(b), high(b)));
      sums[x] = row == 0 ? four : plus(sums[x], four);
    }
  }
}

[[gnu::always_inline]] inline void add_apart_body(const std::uint8_t* const* rows, int count, int width,
                                                  std::uint16_t* __restrict first, std::uint16_t* __restrict second) {
  for (int row = 0; row < count; ++row) {
    const std::uint8_t* const samples = rows[row];
    for (int x = 0; x < width; ++x) {
      const std::uint16_t both = word(samples, x);
      first[x] = row == 0 ? low(both) : plus(first[x], low(both));
      second[x] = row == 0 ? high(both) : plus(second[x], high(both));
    }
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

}  // namespace

#define POSEWIRE_YUV_KERNELS(level, ...)                                                                          \
  namespace {                                                                                                     \
  __VA_ARGS__ void add_rows_##level(const std::uint8_t* const* rows, int count, std::ptrdiff_t pixel_stride,      \
                                    int width, std::uint16_t* sums) {                                             \
    add_rows_body(rows, count, pixel_stride, width, sums);                                                        \
  }                                                                                                               \
  __VA_ARGS__ void add_twos_##level(const std::uint8_t* const* rows, int count, int width, std::uint16_t* sums) { \
    add_twos_body(rows, count, width, sums);                                                                      \
  }                                                                                                               \
  __VA_ARGS__ void add_apart_##level(const std::uint8_t* const* rows, int count, int width, std::uint16_t* first, \
                                     std::uint16_t* second) {                                                     \
    add_apart_body(rows, count, width, first, second);                                                            \
  }                                                                                                               \
  __VA_ARGS__ void add_pairs_##level(const std::uint16_t* sums, int width, std::uint16_t* halves) {               \
    add_pairs_body(sums, width, halves);                                                                          \
  }                                                                                                               \
  __VA_ARGS__ void repeat_##level(const std::uint16_t* sums, int width, std::uint16_t* twice) {                   \
    repeat_body(sums, width, twice);                                                                              \
  }                                                                                                               \
  constexpr Kernels level##_kernels{add_rows_##level, add_twos_##level, add_apart_##level, add_pairs_##level,     \
                                    repeat_##level};                                                              \
  }

POSEWIRE_YUV_KERNELS(baseline)
#ifdef POSEWIRE_X86_LEVELS
POSEWIRE_YUV_KERNELS(avx2, [[gnu::target("avx2")]])
POSEWIRE_YUV_KERNELS(avx512, [[gnu::target("avx512f,avx512bw,avx512vl")]])
#endif

const Kernels& sample_kernels(simd::Level level) {
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
