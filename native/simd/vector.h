#pragma once

// Fixed-width vectors over the compiler's vector extension, so that each kernel is written once and
// compiled at 4, 8 and 16 lanes. Only the translation units of the kernels may include this file:
// everything in it has internal linkage, because they are compiled with different instruction sets.

#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace posewire::simd {
namespace {

#if defined(__AVX512F__) && defined(__AVX512DQ__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

using Floats [[gnu::vector_size(lanes * 4)]] = float;
using Ints [[gnu::vector_size(lanes * 4)]] = std::int32_t;

inline Floats load(const float* from) {
  Floats value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

inline Ints load(const std::int32_t* from) {
  Ints value;
  __builtin_memcpy(&value, from, sizeof(value));
  return value;
}

inline void store(float* to, Floats value) { __builtin_memcpy(to, &value, sizeof(value)); }

inline Floats fill(float value) { return value - Floats{}; }
inline Ints fill(std::int32_t value) { return value - Ints{}; }

// 0, 1, 2, ... in the lanes.
inline Ints count_up() {
  Ints value{};
  for (int lane = 0; lane < lanes; ++lane) {
    value[lane] = lane;
  }
  return value;
}

inline Floats to_floats(Ints value) { return __builtin_convertvector(value, Floats); }

// Rounds toward zero; the value must lie in the range of int32.
inline Ints to_ints(Floats value) { return __builtin_convertvector(value, Ints); }

inline Ints bits(Floats value) { return reinterpret_cast<Ints>(value); }
inline Floats from_bits(Ints value) { return reinterpret_cast<Floats>(value); }

// Lanes of `yes` if the lane of the mask is all ones, of `no` if it is zero.
inline Floats select(Ints mask, Floats yes, Floats no) { return from_bits((mask & bits(yes)) | (~mask & bits(no))); }

inline Ints select(Ints mask, Ints yes, Ints no) { return (mask & yes) | (~mask & no); }

// The lesser and the greater of two lanes; the second if one is NaN.
inline Floats lesser(Floats a, Floats b) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  return reinterpret_cast<Floats>(
      _mm512_maskz_min_ps(0xffff, reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Floats>(_mm256_min_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Floats>(_mm_min_ps(reinterpret_cast<__m128>(a), reinterpret_cast<__m128>(b)));
#else
  return select(a < b, a, b);
#endif
}

inline Floats greater(Floats a, Floats b) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  return reinterpret_cast<Floats>(
      _mm512_maskz_max_ps(0xffff, reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Floats>(_mm256_max_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Floats>(_mm_max_ps(reinterpret_cast<__m128>(a), reinterpret_cast<__m128>(b)));
#else
  return select(a > b, a, b);
#endif
}

// `low` if a lane is NaN.
inline Floats clamp(Floats value, float low, float high) { return lesser(greater(value, fill(low)), fill(high)); }

inline Floats magnitude(Floats value) { return from_bits(bits(value) & 0x7fffffff); }

// Bit i is set if lane i of a comparison is true.
inline std::uint32_t mask_bits(Ints mask) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask));
#elif defined(__AVX2__)
  return static_cast<std::uint32_t>(_mm256_movemask_ps(reinterpret_cast<__m256>(mask)));
#elif defined(__SSE2__)
  return static_cast<std::uint32_t>(_mm_movemask_ps(reinterpret_cast<__m128>(mask)));
#else
  std::uint32_t result = 0;
  for (int lane = 0; lane < lanes; ++lane) {
    result |= static_cast<std::uint32_t>(mask[lane] & 1) << lane;
  }
  return result;
#endif
}

#if defined(__AVX2__) && !defined(__AVX512F__)
// For each mask of 8 lanes, the lanes that are set, in order, a byte each.
struct Packings {
  std::uint64_t of_mask[256];
};

constexpr Packings make_packings() {
  Packings packings{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    int place = 0;
    for (std::uint64_t lane = 0; lane < 8; ++lane) {
      if ((mask >> lane & 1U) != 0) {
        packings.of_mask[mask] |= lane << 8 * place++;
      }
    }
  }
  return packings;
}

constexpr Packings packings = make_packings();
#endif

// Writes the values of the lanes that are set, and what not beyond them up to a whole block; returns
// how many are set. Without a branch that could be mispredicted.
inline int store_packed(Ints wanted, Ints values, std::int32_t* out) {
  const std::uint32_t set = mask_bits(wanted);
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  const __m512i packed = _mm512_maskz_compress_epi32(static_cast<__mmask16>(set), reinterpret_cast<__m512i>(values));
  __builtin_memcpy(out, &packed, sizeof(packed));
#elif defined(__AVX2__)
  const __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(packings.of_mask[set])));
  const __m256i packed = _mm256_permutevar8x32_epi32(reinterpret_cast<__m256i>(values), order);
  __builtin_memcpy(out, &packed, sizeof(packed));
#else
  int count = 0;
  for (int lane = 0; lane < lanes; ++lane) {
    out[count] = values[lane];
    count += static_cast<int>(set >> lane & 1U);
  }
#endif
  return __builtin_popcount(set);
}

inline Floats square_root(Floats value) {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  return reinterpret_cast<Floats>(_mm512_maskz_sqrt_ps(0xffff, reinterpret_cast<__m512>(value)));
#elif defined(__AVX2__)
  return reinterpret_cast<Floats>(_mm256_sqrt_ps(reinterpret_cast<__m256>(value)));
#elif defined(__SSE2__)
  return reinterpret_cast<Floats>(_mm_sqrt_ps(reinterpret_cast<__m128>(value)));
#else
  for (int lane = 0; lane < lanes; ++lane) {
    value[lane] = __builtin_sqrtf(value[lane]);
  }
  return value;
#endif
}

// from[index[0]], from[index[1]], ... Single loads: the gather instruction is slower on many processors.
inline Floats gather(const float* from, Ints index) {
  Floats value{};
  for (int lane = 0; lane < lanes; ++lane) {
    value[lane] = from[index[lane]];
  }
  return value;
}

using Longs [[gnu::vector_size(lanes * 4)]] = std::int64_t;

// Two neighbours for each index: from[index] and from[index + 1]. Loading them as one beats two gathers.
inline void gather_neighbours(const float* from, Ints index, Floats& first, Floats& second) {
  Longs low{};
  Longs high{};
  for (int lane = 0; lane < lanes / 2; ++lane) {
    std::int64_t value = 0;
    __builtin_memcpy(&value, from + index[lane], sizeof(value));
    low[lane] = value;
    __builtin_memcpy(&value, from + index[lane + lanes / 2], sizeof(value));
    high[lane] = value;
  }
  const auto left = reinterpret_cast<Floats>(low);
  const auto right = reinterpret_cast<Floats>(high);
#if defined(__AVX512F__) && defined(__AVX512DQ__)
  first = __builtin_shufflevector(left, right, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  second = __builtin_shufflevector(left, right, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
#elif defined(__AVX2__)
  first = __builtin_shufflevector(left, right, 0, 2, 4, 6, 8, 10, 12, 14);
  second = __builtin_shufflevector(left, right, 1, 3, 5, 7, 9, 11, 13, 15);
#else
  first = __builtin_shufflevector(left, right, 0, 2, 4, 6);
  second = __builtin_shufflevector(left, right, 1, 3, 5, 7);
#endif
}

// Natural logarithm of normal positive floats, relative error below 1e-6; the same bits at every width.
inline Floats logarithm(Floats value) {
  const Ints raw = bits(value) - 0x3f3504f3;  // so that the mantissa falls in [sqrt(1/2), sqrt(2))
  const Floats exponent = to_floats(raw >> 23);
  const Floats mantissa = from_bits((raw & 0x007fffff) + 0x3f3504f3);
  const Floats ratio = (mantissa - 1.0F) / (mantissa + 1.0F);
  const Floats square = ratio * ratio;
  const Floats series =
      ratio * (2.0F + square * (0.66666666F + square * (0.4F + square * (0.28571430F + square * 0.22222222F))));
  return exponent * 0.69314718F + series;
}

}  // namespace
}  // namespace posewire::simd
