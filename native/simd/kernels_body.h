#pragma once

// All kernels of one level.

#include "simd/kernels.h"
#include "simd/pair_kernels.h"
#include "simd/peak_kernels.h"
#include "simd/vector.h"

namespace posewire::simd {
namespace {

std::int32_t combine(const float* values, std::ptrdiff_t count) {
  Ints parts[8] = {};
  std::ptrdiff_t i = 0;
  for (; i + 8 * lanes <= count; i += 8 * lanes) {
    for (int part = 0; part < 8; ++part) {
      parts[part] ^= bits(load(values + i + part * lanes));
    }
  }
  std::int32_t all = 0;
  for (const Ints part : parts) {
    for (int lane = 0; lane < lanes; ++lane) {
      all ^= part[lane];
    }
  }
  for (; i < count; ++i) {
    std::int32_t value = 0;
    __builtin_memcpy(&value, values + i, sizeof(value));
    all ^= value;
  }
  return all;
}

constexpr Kernels level_kernels{combine, find_peaks, fit_offsets, sample_arrows, probe_pairs, score_pairs};

}  // namespace
}  // namespace posewire::simd
