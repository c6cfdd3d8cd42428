#include "simd/kernels_body.h"

namespace posewire::simd {

extern const Kernels baseline_kernels;
const Kernels baseline_kernels = level_kernels;

}  // namespace posewire::simd
