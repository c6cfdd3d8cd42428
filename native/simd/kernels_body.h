#pragma once

// All kernels of one level.

#include "simd/kernels.h"
#include "simd/pair_kernels.h"
#include "simd/peak_kernels.h"
#include "simd/vector.h"

namespace posewire::simd {
namespace {

constexpr Kernels level_kernels{find_peaks, fit_offsets, sample_arrows, probe_pairs, score_pairs};

}  // namespace
}  // namespace posewire::simd
