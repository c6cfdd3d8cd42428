#pragma once

#include <cstdint>
#include <vector>

#include "paf/maps.h"
#include "paf/peaks.h"
#include "paf/skeleton.h"
#include "simd/kernels.h"

namespace posewire::paf {

// Two peaks that a limb may connect. `score` orders links; `strength` is the limb's share of a pose's score.
struct Link {
  float score;
  float strength;
  std::int32_t limb;
  std::int32_t from;
  std::int32_t to;
};

// Finds the links of every limb; keeps its memory between frames.
class LinkFinder {
 public:
  void find(const Maps& pafs, const Skeleton& skeleton, const simd::PairRule& rule, const simd::Kernels& kernels,
            const Peaks& peaks, std::vector<Link>& links);

 private:
  void find_limb(const Maps& pafs, const Skeleton& skeleton, int limb, const simd::PairRule& rule,
                 const simd::Kernels& kernels, const Peaks& peaks, std::vector<Link>& links);

  std::vector<std::int32_t> first_, second_;
  std::vector<float> score_;
};

}  // namespace posewire::paf
