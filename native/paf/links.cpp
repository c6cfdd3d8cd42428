#include "paf/links.h"

#include <algorithm>

namespace posewire::paf {

void LinkFinder::find_limb(const Maps& pafs, const Skeleton& skeleton, int limb, const simd::PairRule& rule,
                           const simd::Kernels& kernels, const Peaks& peaks, std::vector<Link>& links) {
  const Limb& ends = skeleton.limbs[limb];
  const simd::Points from = peaks.points(ends.from);
  const simd::Points to = peaks.points(ends.to);
  const std::size_t room = static_cast<std::size_t>(from.count) * static_cast<std::size_t>(to.count) + simd::padding;
  first_.resize(std::max(first_.size(), room));
  second_.resize(std::max(second_.size(), room));
  const simd::Field field{pafs.channel(ends.channel_x), pafs.channel(ends.channel_y)};
  const simd::Pairs pairs{first_.data(), second_.data()};
  const int count = kernels.probe_pairs(field, rule, from, to, pairs);
  score_.resize(std::max(score_.size(), static_cast<std::size_t>(count) + simd::padding));
  kernels.score_pairs(field, rule, from, to, pairs, count, score_.data());
  for (int i = 0; i < count; ++i) {
    if (score_[i] > 0.0F) {
      const int a = peaks.begin[ends.from] + first_[i];
      const int b = peaks.begin[ends.to] + second_[i];
      links.push_back({score_[i] + 0.1F * (peaks.score[a] + peaks.score[b]), score_[i], limb, a, b});
    }
  }
}

void LinkFinder::find(const Maps& pafs, const Skeleton& skeleton, const simd::PairRule& rule,
                      const simd::Kernels& kernels, const Peaks& peaks, std::vector<Link>& links) {
  links.clear();
  for (int limb = 0; limb < static_cast<int>(skeleton.limbs.size()); ++limb) {
    find_limb(pafs, skeleton, limb, rule, kernels, peaks, links);
  }
}

}  // namespace posewire::paf
