#include "simd/kernels.h"

namespace posewire::simd {

extern const Kernels baseline_kernels;
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;

const Kernels& kernels(Level level) {
#ifdef POSEWIRE_X86_LEVELS
  if (level == Level::avx512) {
    return avx512_kernels;
  }
  if (level == Level::avx2) {
    return avx2_kernels;
  }
#endif
  static_cast<void>(level);
  return baseline_kernels;
}

}  // namespace posewire::simd
