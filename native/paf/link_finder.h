#pragma once

#include <cstdint>
#include <vector>

#include "paf/assignment.h"
#include "paf/link.h"
#include "paf/maps.h"
#include "paf/peak_finder.h"
#include "paf/skeleton.h"
#include "simd/kernels.h"

namespace posewire::paf {

struct LinkRule {
  simd::PairRule pairs;
  int per_peak;  // of more links that start at one peak by one limb, the best are kept
  // The best link at a peak tells the size of its person. One that is longer than `length_ratio`
  // times that, and scores less by more than `length_margin`, is dropped; one that is longer than
  // `share_ratio` times that cannot share a peak.
  float length_ratio;
  float length_margin;
  float share_ratio;
};

// All links of a frame, limb by limb: those of limb l are links[begin[l]] up to links[begin[l + 1]].
struct Links {
  std::vector<Link> links;
  std::vector<int> begin;
};

// Finds the links of every limb and chooses among them; keeps its memory between frames.
class LinkFinder {
 public:
  void find(const Maps& pafs, const Skeleton& skeleton, const LinkRule& rule, const simd::Kernels& kernels,
            const Peaks& peaks, Links& found);

 private:
  // The best link at a peak.
  struct Best {
    float score;
    float length;
  };
  struct ArrowList {
    std::vector<float> x, y;
    simd::Arrows sample(const simd::Kernels& kernels, const simd::Field& field, simd::Points points);
  };

  void find_limb(const Maps& pafs, const Skeleton& skeleton, int limb, const LinkRule& rule,
                 const simd::Kernels& kernels, const Peaks& peaks, Links& found);

  void compare_lengths(std::vector<Link>& links, std::size_t begin, const LinkRule& rule, const Peaks& peaks);

  Assignment assignment_;
  ArrowList from_arrows_, to_arrows_;
  std::vector<Best> best_;  // at each peak
  std::vector<std::int32_t> first_, second_;
  std::vector<float> score_;
};

}  // namespace posewire::paf
