#pragma once

#include "paf/adoption.h"
#include "paf/grouping.h"
#include "paf/links.h"
#include "paf/maps.h"
#include "paf/peaks.h"
#include "paf/poses.h"
#include "paf/skeleton.h"
#include "simd/kernels.h"

namespace posewire::paf {

struct FastParameters {
  Grid grid{8.0F, 0.0F, 0.0F};
  PeakRule peaks{0.1F, 256};
  LinkRule links{{0.4F, 2.0F, 0.05F, 10, 1, 0.3F, 0.005F}, 16, 3.0F, 0.2F, 2.0F};
  PoseRule poses{0.6F, 4, 0.3F};
  AdoptionRule adoption{0.15F, 1.25F, 1.6F, 0.2F, 1.25F};
};

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
