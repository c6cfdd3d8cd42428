#include "paf/link_finder.h"

#include <algorithm>
#include <cmath>

namespace posewire::paf {
namespace {

// Of the links from links[begin] on, all from one peak, keeps the best `limit` in their order.
void keep_best(std::vector<Link>& links, std::size_t begin, int limit) {
  const auto first = links.begin() + static_cast<std::ptrdiff_t>(begin);
  if (links.end() - first <= limit) {
    return;
  }
  std::nth_element(first, first + limit, links.end(), [](const Link& a, const Link& b) {
    return a.score > b.score || (a.score == b.score && a.to < b.to);
  });
  links.resize(begin + static_cast<std::size_t>(limit));
  std::sort(first, links.end(), [](const Link& a, const Link& b) { return a.to < b.to; });
}

}  // namespace

simd::Arrows LinkFinder::ArrowList::sample(const simd::Kernels& kernels, const simd::Field& field,
                                           simd::Points points) {
  const std::size_t room = static_cast<std::size_t>(points.count) + simd::padding;
  x.resize(std::max(x.size(), room));
  y.resize(std::max(y.size(), room));
  kernels.sample_arrows(field, points, x.data(), y.data());
  return {x.data(), y.data()};
}

void LinkFinder::compare_lengths(std::vector<Link>& links, std::size_t begin, const LinkRule& rule,
                                 const Peaks& peaks) {
  constexpr float shortest = 2.0F;  // cells; below, the ratio of lengths says nothing
  constexpr float shortest_share = 1.0F;
  best_.resize(static_cast<std::size_t>(peaks.capacity()));
  const auto first = links.begin() + static_cast<std::ptrdiff_t>(begin);
  for (auto link = first; link != links.end(); ++link) {
    const float dx = peaks.x[link->to] - peaks.x[link->from];
    const float dy = peaks.y[link->to] - peaks.y[link->from];
    link->length = std::sqrt(dx * dx + dy * dy);
    best_[link->from] = best_[link->to] = {0.0F, 0.0F};
  }
  const auto improve = [](Best& best, const Link& link) {
    if (link.score > best.score) {
      best = {link.score, link.length};
    }
  };
  for (auto link = first; link != links.end(); ++link) {
    improve(best_[link->from], *link);
    improve(best_[link->to], *link);
  }
  const auto is_outlier = [&](const Link& link, const Best& best) {
    return link.score < best.score - rule.length_margin &&
           link.length > rule.length_ratio * std::max(best.length, shortest);
  };
  auto kept = first;
  for (auto link = first; link != links.end(); ++link) {
    const Best& from = best_[link->from];
    const Best& to = best_[link->to];
    if (!is_outlier(*link, from) && !is_outlier(*link, to)) {
      *kept = *link;
      kept->shareable = link->length <= rule.share_ratio * std::max(std::min(from.length, to.length), shortest_share);
      ++kept;
    }
  }
  links.erase(kept, links.end());
}

void LinkFinder::find_limb(const Maps& pafs, const Skeleton& skeleton, int limb, const LinkRule& rule,
                           const simd::Kernels& kernels, const Peaks& peaks, Links& found) {
  const Limb& ends = skeleton.limbs[limb];
  const simd::Points from = peaks.points(ends.from);
  const simd::Points to = peaks.points(ends.to);
  const std::size_t room = static_cast<std::size_t>(from.count) * static_cast<std::size_t>(to.count) + simd::padding;
  first_.resize(std::max(first_.size(), room));
  second_.resize(std::max(second_.size(), room));
  const simd::Field field{pafs.channel(ends.channel_x), pafs.channel(ends.channel_y)};
  const simd::Pairs pairs{first_.data(), second_.data()};
  const simd::Arrows from_arrows = from_arrows_.sample(kernels, field, from);
  const simd::Arrows to_arrows = to_arrows_.sample(kernels, field, to);
  const int count = kernels.probe_pairs(field, rule.pairs, from, to, from_arrows, to_arrows, pairs);
  score_.resize(std::max(score_.size(), static_cast<std::size_t>(count) + simd::padding));
  kernels.score_pairs(field, rule.pairs, from, to, pairs, count, score_.data());
  std::vector<Link>& links = found.links;
  const std::size_t begin = links.size();
  std::size_t begin_of_peak = begin;
  for (int i = 0; i < count; ++i) {
    if (i > 0 && first_[i] != first_[i - 1]) {
      keep_best(links, begin_of_peak, rule.per_peak);
      begin_of_peak = links.size();
    }
    if (score_[i] > 0.0F) {
      links.push_back(
          {score_[i], limb, peaks.begin[ends.from] + first_[i], peaks.begin[ends.to] + second_[i], 0.0F, false, false});
    }
  }
  keep_best(links, begin_of_peak, rule.per_peak);
  compare_lengths(links, begin, rule, peaks);
  assignment_.choose(links.data() + begin, static_cast<int>(links.size() - begin), peaks.begin[ends.from], from.count,
                     peaks.begin[ends.to], to.count);
}

void LinkFinder::find(const Maps& pafs, const Skeleton& skeleton, const LinkRule& rule, const simd::Kernels& kernels,
                      const Peaks& peaks, Links& found) {
  found.links.clear();
  found.begin.clear();
  for (int limb = 0; limb < static_cast<int>(skeleton.limbs.size()); ++limb) {
    found.begin.push_back(static_cast<int>(found.links.size()));
    find_limb(pafs, skeleton, limb, rule, kernels, peaks, found);
  }
  found.begin.push_back(static_cast<int>(found.links.size()));
}

}  // namespace posewire::paf
