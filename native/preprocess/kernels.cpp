#include "preprocess/kernels.h"

#include <algorithm>
#include <array>

#include "preprocess/kernels_avx2.h"

namespace posewire {
namespace {

constexpr int shift = weight_bits - blended_bits;

// So many sums are kept at a time.
constexpr int stretch = 64;

void blend_rows(const std::uint8_t* const* rows, const std::int16_t* weights, int count, int width, std::int16_t* out) {
  std::array<std::int32_t, stretch> sums;
  for (int x = 0; x < width; x += stretch) {
    const int size = std::min(stretch, width - x);
    sums.fill(1 << (shift - 1));
    for (int tap = 0; tap < count; ++tap) {
      const std::int16_t weight = weights[tap];
      const std::uint8_t* const row = rows[tap] + x;
      for (int i = 0; i < size; ++i) {
        sums[static_cast<std::size_t>(i)] += weight * static_cast<std::int16_t>(row[i]);
      }
    }
    for (int i = 0; i < size; ++i) {
      out[x + i] = static_cast<std::int16_t>(sums[static_cast<std::size_t>(i)] >> shift);
    }
  }
}

// `taps` is the count, or 0 if the compiler must not know it.
template <int taps>
void blend_columns_of(const std::int16_t* blended, const Taps& columns, Scaling scaling, float* __restrict out) {
  const int count = taps == 0 ? columns.count : taps;
  const std::int32_t* const first = columns.first.data();
  const std::int16_t* const weights = columns.weights.data();
  const int size = columns.size_out;
  for (int x = 0; x < size; ++x) {
    std::int32_t sum = 0;
    for (int tap = 0; tap < count; ++tap) {
      sum += weights[static_cast<std::ptrdiff_t>(x) * count + tap] * blended[first[x] + tap];
    }
    out[x] = static_cast<float>(sum) * scaling.factor + scaling.offset;
  }
}

void blend_columns(const std::array<BlendedRow, 3>& rows, const Columns& columns) {
  for (const auto& [values, scaling, out] : rows) {
    switch (columns.taps.count) {
      case 2:
        blend_columns_of<2>(values, columns.taps, scaling, out);
        break;
      case 4:
        blend_columns_of<4>(values, columns.taps, scaling, out);
        break;
      default:
        blend_columns_of<0>(values, columns.taps, scaling, out);
    }
  }
}

constexpr Kernels baseline_kernels{blend_rows, blend_columns};

}  // namespace

const Kernels& preprocess_kernels(simd::Level level) {
#ifdef POSEWIRE_X86_LEVELS
  if (level != simd::Level::baseline) {
    return avx2_kernels;  // Wider vectors would wait for the same loads.
  }
#endif
  static_cast<void>(level);
  return baseline_kernels;
}

}  // namespace posewire
