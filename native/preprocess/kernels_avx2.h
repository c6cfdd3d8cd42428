#pragma once

#include "preprocess/kernels.h"

namespace posewire {

#ifdef POSEWIRE_X86_LEVELS
extern const Kernels avx2_kernels;
#endif

}  // namespace posewire
