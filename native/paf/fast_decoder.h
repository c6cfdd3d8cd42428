#pragma once

#include "paf/adopter.h"
#include "paf/fast_parameters.h"
#include "paf/grouper.h"
#include "paf/link_finder.h"
#include "paf/maps.h"
#include "paf/peak_finder.h"
#include "paf/poses.h"
#include "paf/skeleton.h"
#include "simd/kernels.h"

namespace posewire::paf {

// The decoder at network resolution; keeps its memory between frames.
class FastDecoder {
 public:
  void decode(const Maps& heatmaps, const Maps& pafs, const Skeleton& skeleton, const FastParameters& parameters,
              const simd::Kernels& kernels, Poses& poses);

 private:
  PeakFinder peak_finder_;
  LinkFinder link_finder_;
  Grouper grouper_;
  Adopter adopter_;
  Peaks peaks_;
  Links links_;
};

}  // namespace posewire::paf
