#include "preprocess/rows.h"

#include <algorithm>

namespace posewire {
namespace {

// As many rows are blended in one sweep; taller triangles take several sweeps over the same output.
constexpr int sweep = 4;

// out[x] = weights[0] * rows[0][x] + ..., added to what is there unless this is the first sweep.
template <int taps>
[[gnu::always_inline]] inline void blend_sweep(const std::uint8_t* const* rows, const float* weights, int size,
                                               bool is_first, float* __restrict out) {
  for (int x = 0; x < size; ++x) {
    float sum = is_first ? 0.0F : out[x];
    for (int tap = 0; tap < taps; ++tap) {
      sum += weights[tap] * static_cast<float>(rows[tap][x]);
    }
    out[x] = sum;
  }
}

// One body for every dispatch level. Products and sums are rounded apart (no fused multiply-add), so
// that the levels agree to the bit.
[[gnu::always_inline]] inline void blend_rows_body(const std::uint8_t* const* rows, const float* weights, int count,
                                                   int size, float* out) {
  for (int tap = 0; tap < count; tap += sweep) {
    switch (std::min(sweep, count - tap)) {
      case 1:
        blend_sweep<1>(rows + tap, weights + tap, size, tap == 0, out);
        break;
      case 2:
        blend_sweep<2>(rows + tap, weights + tap, size, tap == 0, out);
        break;
      case 3:
        blend_sweep<3>(rows + tap, weights + tap, size, tap == 0, out);
        break;
      default:
        blend_sweep<sweep>(rows + tap, weights + tap, size, tap == 0, out);
    }
  }
}

void blend_rows_baseline(const std::uint8_t* const* rows, const float* weights, int count, int size, float* out) {
  blend_rows_body(rows, weights, count, size, out);
}

#ifdef POSEWIRE_X86_LEVELS
[[gnu::target("avx2")]] void blend_rows_avx2(const std::uint8_t* const* rows, const float* weights, int count, int size,
                                             float* out) {
  blend_rows_body(rows, weights, count, size, out);
}

[[gnu::target("avx512f,avx512bw,avx512vl")]] void blend_rows_avx512(const std::uint8_t* const* rows,
                                                                    const float* weights, int count, int size,
                                                                    float* out) {
  blend_rows_body(rows, weights, count, size, out);
}
#endif

}  // namespace

BlendRows blend_rows(simd::Level level) {
#ifdef POSEWIRE_X86_LEVELS
  if (level == simd::Level::avx2) {
    return blend_rows_avx2;
  }
  if (level == simd::Level::avx512) {
    return blend_rows_avx512;
  }
#else
  static_cast<void>(level);
#endif
  return blend_rows_baseline;
}

}  // namespace posewire
