#include "paf/grouping.h"

#include <algorithm>
#include <limits>

namespace posewire::paf {

void Grouper::add(int pose, int keypoint, int peak, const Peaks& peaks) {
  members(pose)[keypoint] = peak;
  owner_[peak] = pose;
  groups_[pose].score += peaks.score[peak];
  groups_[pose].keypoints += 1;
}

bool Grouper::merge(int into, int from) {
  int* target = members(into);
  const int* source = members(from);
  for (int k = 0; k < keypoints_; ++k) {
    if (target[k] != none && source[k] != none) {
      return false;
    }
  }
  for (int k = 0; k < keypoints_; ++k) {
    if (source[k] != none) {
      target[k] = source[k];
      owner_[source[k]] = into;
    }
  }
  groups_[into].score += groups_[from].score;
  groups_[into].links += groups_[from].links;
  groups_[into].keypoints += groups_[from].keypoints;
  groups_[from].keypoints = 0;
  return true;
}

void Grouper::join(const Link& link, const Limb& limb, const Peaks& peaks) {
  int from = owner_[link.from];
  const int to = owner_[link.to];
  if (from == none && to == none) {
    from = static_cast<int>(groups_.size());
    groups_.push_back({0.0F, 0, 0});
    members_.insert(members_.end(), static_cast<std::size_t>(keypoints_), none);
    add(from, limb.from, link.from, peaks);
    add(from, limb.to, link.to, peaks);
  } else if (to == none) {
    if (members(from)[limb.to] != none) {
      return;
    }
    add(from, limb.to, link.to, peaks);
  } else if (from == none) {
    if (members(to)[limb.from] != none) {
      return;
    }
    add(to, limb.from, link.from, peaks);
    from = to;
  } else if (from != to && !merge(from, to)) {
    return;
  }
  groups_[from].score += link.strength;
  groups_[from].links += 1;
}

void Grouper::group(const Peaks& peaks, const Skeleton& skeleton, std::vector<Link>& links) {
  keypoints_ = skeleton.keypoints;
  owner_.assign(static_cast<std::size_t>(peaks.capacity()), none);
  members_.clear();
  groups_.clear();
  std::sort(links.begin(), links.end(), [](const Link& a, const Link& b) {
    if (a.score != b.score) {
      return a.score > b.score;
    }
    return a.limb != b.limb ? a.limb < b.limb : (a.from != b.from ? a.from < b.from : a.to < b.to);
  });
  for (const Link& link : links) {
    join(link, skeleton.limbs[link.limb], peaks);
  }
}

void Grouper::write(const Peaks& peaks, const PoseRule& rule, const Grid& grid, Poses& poses) {
  const auto mean = [&](int pose) {
    const Group& group = groups_[pose];
    return group.score / static_cast<float>(group.keypoints + group.links);
  };
  // Of two poses found equally well, the more complete one is the surer one.
  const auto score = [&](int pose) {
    return mean(pose) * static_cast<float>(groups_[pose].keypoints) / static_cast<float>(keypoints_);
  };
  order_.clear();
  for (int pose = 0; pose < static_cast<int>(groups_.size()); ++pose) {
    if (groups_[pose].keypoints >= rule.keypoints_min && mean(pose) >= rule.score_min) {
      order_.push_back(pose);
    }
  }
  std::sort(order_.begin(), order_.end(), [&](int a, int b) { return score(a) != score(b) ? score(a) > score(b) : a < b; });
  poses.keypoints.clear();
  poses.scores.clear();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const int pose : order_) {
    poses.scores.push_back(std::min(score(pose), 1.0F));
    for (int k = 0; k < keypoints_; ++k) {
      const int peak = members(pose)[k];
      const bool found = peak != none;
      poses.keypoints.push_back(found ? (peaks.x[peak] + 0.5F) * grid.stride - grid.bias_x : nan);
      poses.keypoints.push_back(found ? (peaks.y[peak] + 0.5F) * grid.stride - grid.bias_y : nan);
      poses.keypoints.push_back(found ? peaks.score[peak] : 0.0F);
    }
  }
}

}  // namespace posewire::paf
