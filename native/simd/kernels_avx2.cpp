#include "simd/kernels_body.h"

namespace posewire::simd {

extern const Kernels avx2_kernels;
const Kernels avx2_kernels = level_kernels;

}  // namespace posewire::simd
