#include "simd/kernels_body.h"

namespace posewire::simd {

extern const Kernels avx512_kernels;
const Kernels avx512_kernels = level_kernels;

}  // namespace posewire::simd
