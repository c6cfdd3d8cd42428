#include "paf/adopter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

namespace posewire::paf {
namespace {

float between(const Peaks& peaks, int a, int b) { return std::hypot(peaks.x[a] - peaks.x[b], peaks.y[a] - peaks.y[b]); }

// Whether there is anything to do; most frames end here.
bool has_strays(const Peaks& peaks, const PoseRule& pose_rule, const AdoptionRule& rule, const Grouper& grouper) {
  for (std::size_t keypoint = 0; keypoint < peaks.begin.size(); ++keypoint) {
    for (int peak = peaks.begin[keypoint]; peak < peaks.begin[keypoint] + peaks.count[keypoint]; ++peak) {
      const int owner = grouper.owner(peak);
      if (peaks.score[peak] >= rule.score_min && (owner == Grouper::none || !grouper.passes(owner, pose_rule))) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

void Adopter::find_routes(const Skeleton& skeleton) {
  std::vector<Route> limbs;  // each limb, both ways
  for (std::size_t limb = 0; limb < skeleton.limbs.size(); ++limb) {
    const float length = skeleton.lengths[limb];
    if (length > 0.0F) {
      const Limb& ends = skeleton.limbs[limb];
      limbs.push_back({ends.from, ends.to, {Grouper::none, Grouper::none}, length});
      limbs.push_back({ends.to, ends.from, {Grouper::none, Grouper::none}, length});
    }
  }
  std::vector<Route> paths = limbs;
  for (const std::size_t step : {0U, 1U}) {
    std::vector<Route> longer;
    for (const Route& path : paths) {
      for (const Route& limb : limbs) {
        if (limb.from == path.to && !path.visits(limb.to)) {
          Route route = path;
          route.inner[step] = path.to;
          route.to = limb.to;
          route.length += limb.length;
          longer.push_back(route);
        }
      }
    }
    routes_.insert(routes_.end(), longer.begin(), longer.end());
    paths = std::move(longer);
  }
  std::stable_sort(routes_.begin(), routes_.end(), [](const Route& a, const Route& b) { return a.from < b.from; });
}

// A limb seen in perspective is shorter than it is, never longer: the size is an upper quartile.
void Adopter::measure_poses(const Peaks& peaks, const Skeleton& skeleton, const PoseRule& pose_rule,
                            const Grouper& grouper) {
  poses_.clear();
  sizes_.assign(static_cast<std::size_t>(grouper.count()), 0.0F);
  for (int pose = 0; pose < grouper.count(); ++pose) {
    if (!grouper.passes(pose, pose_rule)) {
      continue;
    }
    const int* found = grouper.peaks_of(pose);
    ratios_.clear();
    for (std::size_t limb = 0; limb < skeleton.limbs.size(); ++limb) {
      const Limb& ends = skeleton.limbs[limb];
      if (skeleton.lengths[limb] > 0.0F && found[ends.from] != Grouper::none && found[ends.to] != Grouper::none) {
        ratios_.push_back(between(peaks, found[ends.from], found[ends.to]) / skeleton.lengths[limb]);
      }
    }
    if (ratios_.size() >= 2) {
      const auto quartile = ratios_.begin() + static_cast<std::ptrdiff_t>(3 * (ratios_.size() - 1) / 4);
      std::nth_element(ratios_.begin(), quartile, ratios_.end());
      sizes_[pose] = *quartile;
      poses_.push_back(pose);
    }
  }
}

// The share of the reach at which a peak lies from what the pose has; infinite if nothing leads to it.
float Adopter::distance(int keypoint, int peak, int pose, const Peaks& peaks, const Grouper& grouper) const {
  const int* found = grouper.peaks_of(pose);
  float least = std::numeric_limits<float>::infinity();
  auto route = std::lower_bound(routes_.begin(), routes_.end(), keypoint,
                                [](const Route& candidate, int from) { return candidate.from < from; });
  for (; route != routes_.end() && route->from == keypoint; ++route) {
    const bool is_open = std::all_of(route->inner.begin(), route->inner.end(), [&](int inner) {
      return inner == Grouper::none || found[inner] == Grouper::none;
    });
    if (is_open && found[route->to] != Grouper::none) {
      least = std::min(least, between(peaks, peak, found[route->to]) / (route->length * sizes_[pose]));
    }
  }
  return least;
}

bool Adopter::is_stray(int keypoint, int peak, const Peaks& peaks, const AdoptionRule& rule,
                       const Grouper& grouper) const {
  const int owner = grouper.owner(peak);
  if (peaks.score[peak] < rule.score_min || (owner != Grouper::none && sizes_[owner] > 0.0F)) {
    return false;
  }
  return std::none_of(poses_.begin(), poses_.end(), [&](int pose) {
    const int member = grouper.peaks_of(pose)[keypoint];
    return member != Grouper::none && between(peaks, member, peak) < rule.apart;
  });
}

bool Adopter::find_fit(int keypoint, int peak, const Peaks& peaks, const AdoptionRule& rule, const Grouper& grouper,
                       Fit& fit) const {
  fit = {rule.reach, Grouper::none, peak};
  float second = std::numeric_limits<float>::infinity();
  for (const int pose : poses_) {
    if (grouper.peaks_of(pose)[keypoint] != Grouper::none) {
      continue;
    }
    const float share = distance(keypoint, peak, pose, peaks, grouper);
    if (share >= rule.reach) {
      continue;
    }
    if (share < fit.distance) {
      second = fit.pose == Grouper::none ? second : fit.distance;
      fit.distance = share;
      fit.pose = pose;
    } else {
      second = std::min(second, share);
    }
  }
  return fit.pose != Grouper::none && second > rule.lead * fit.distance + rule.lead_min;
}

void Adopter::adopt_keypoint(int keypoint, const Peaks& peaks, const AdoptionRule& rule, Grouper& grouper) {
  fits_.clear();
  const int begin = peaks.begin[keypoint];
  for (int peak = begin; peak < begin + peaks.count[keypoint]; ++peak) {
    Fit fit{};
    if (is_stray(keypoint, peak, peaks, rule, grouper) && find_fit(keypoint, peak, peaks, rule, grouper, fit)) {
      fits_.push_back(fit);
    }
  }
  std::sort(fits_.begin(), fits_.end(), [](const Fit& a, const Fit& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.peak < b.peak;
  });
  for (const Fit& fit : fits_) {
    if (grouper.peaks_of(fit.pose)[keypoint] == Grouper::none) {
      grouper.give(fit.pose, keypoint, fit.peak, peaks);
    }
  }
}

void Adopter::adopt(const Peaks& peaks, const Skeleton& skeleton, const PoseRule& pose_rule, const AdoptionRule& rule,
                    Grouper& grouper) {
  if (skeleton.lengths.size() != skeleton.limbs.size() || !has_strays(peaks, pose_rule, rule, grouper)) {
    return;
  }
  if (routes_.empty()) {
    find_routes(skeleton);
  }
  measure_poses(peaks, skeleton, pose_rule, grouper);
  constexpr int rounds = 2;  // a keypoint that was adopted may lead to the next
  for (int round = 0; round < rounds; ++round) {
    for (int keypoint = 0; keypoint < skeleton.keypoints; ++keypoint) {
      adopt_keypoint(keypoint, peaks, rule, grouper);
    }
  }
}

}  // namespace posewire::paf
