#pragma once

// All kernels of one level.

#include "simd/kernels.h"
#include "simd/pair_kernels.h"
#include "simd/peak_kernels.h"
#include "simd/vector.h"

namespace posewire::simd {
namespace {

float sum(const float* values, std::ptrdiff_t count) {
  Floats sums[8] = {};
  std::ptrdiff_t i = 0;
  for (; i + 8 * lanes <= count; i += 8 * lanes) {
    for (int part = 0; part < 8; ++part) {
      sums[part] += load(values + i + part * lanes);
    }
  }
  float total = 0.0F;
  for (const Floats part : sums) {
    for (int lane = 0; lane < lanes; ++lane) {
      total += part[lane];
    }
  }
  for (; i < count; ++i) {
    total += values[i];
  }
  return total;
}

constexpr Kernels level_kernels{sum, find_peaks, fit_offsets, sample_arrows, probe_pairs, score_pairs};

}  // namespace
}  // namespace posewire::simd
