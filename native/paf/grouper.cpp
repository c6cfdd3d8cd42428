#include "paf/grouper.h"

#include <algorithm>
#include <limits>

namespace posewire::paf {

void Grouper::add(int pose, int keypoint, int peak, const Peaks& peaks) {
  slots(pose)[keypoint] = peak;
  groups_[pose].score += peaks.score[peak];
  groups_[pose].keypoints += 1;
}

bool Grouper::merge(int into, int from) {
  int* target = slots(into);
  const int* source = peaks_of(from);
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
    owner_[link.from] = from;
    owner_[link.to] = from;
    peaks_.insert(peaks_.end(), static_cast<std::size_t>(keypoints_), none);
    add(from, limb.from, link.from, peaks);
    add(from, limb.to, link.to, peaks);
  } else if (to == none) {
    if (peaks_of(from)[limb.to] != none) {
      return;
    }
    owner_[link.to] = from;
    add(from, limb.to, link.to, peaks);
  } else if (from == none) {
    if (peaks_of(to)[limb.from] != none) {
      return;
    }
    owner_[link.from] = to;
    add(to, limb.from, link.from, peaks);
    from = to;
  } else if (from != to && !merge(from, to)) {
    return;
  }
  groups_[from].score += link.score;
  groups_[from].links += 1;
}

// Adds what the pose lacks at the ends of strong links; a keypoint found so may lead to the next.
void Grouper::share(int pose, const Peaks& peaks, const Skeleton& skeleton, const PoseRule& rule, const Links& links) {
  const int* found = peaks_of(pose);
  for (int limb = 0; limb < static_cast<int>(skeleton.limbs.size()); ++limb) {
    const Limb& ends = skeleton.limbs[limb];
    if ((found[ends.from] == none) == (found[ends.to] == none)) {
      continue;
    }
    const Link* best = nullptr;
    for (int i = links.begin[limb]; i < links.begin[limb + 1]; ++i) {
      const Link& link = links.links[i];
      const bool fits = link.from == found[ends.from] || link.to == found[ends.to];
      if (fits && link.shareable && link.score >= rule.share_min && (best == nullptr || link.score > best->score)) {
        best = &link;
      }
    }
    if (best != nullptr) {
      const bool forward = found[ends.to] == none;
      add(pose, forward ? ends.to : ends.from, forward ? best->to : best->from, peaks);
      groups_[pose].score += best->score;
      groups_[pose].links += 1;
    }
  }
}

void Grouper::group(const Peaks& peaks, const Skeleton& skeleton, const PoseRule& rule, const Links& links) {
  keypoints_ = skeleton.keypoints;
  owner_.assign(static_cast<std::size_t>(peaks.capacity()), none);
  peaks_.clear();
  groups_.clear();
  keys_.clear();
  for (int i = 0; i < static_cast<int>(links.links.size()); ++i) {
    if (links.links[i].chosen) {
      keys_.push_back({links.links[i].score, i});
    }
  }
  std::sort(keys_.begin(), keys_.end(),
            [](const Key& a, const Key& b) { return a.score > b.score || (a.score == b.score && a.link < b.link); });
  for (const Key& key : keys_) {
    join(links.links[key.link], skeleton.limbs[links.links[key.link].limb], peaks);
  }
  constexpr int rounds = 2;
  for (int pose = 0; pose < static_cast<int>(groups_.size()); ++pose) {
    for (int round = 0;
         round < rounds && groups_[pose].keypoints >= rule.keypoints_min && groups_[pose].keypoints < keypoints_;
         ++round) {
      share(pose, peaks, skeleton, rule, links);
    }
  }
}

bool Grouper::give(int pose, int keypoint, int peak, const Peaks& peaks) {
  if (owner_[peak] != none) {
    return merge(pose, owner_[peak]);
  }
  owner_[peak] = pose;
  add(pose, keypoint, peak, peaks);
  return true;
}

float Grouper::mean(int pose) const {
  const Group& group = groups_[pose];
  return group.score / static_cast<float>(group.keypoints + group.links);
}

bool Grouper::passes(int pose, const PoseRule& rule) const {
  return groups_[pose].keypoints >= rule.keypoints_min && mean(pose) >= rule.score_min;
}

void Grouper::write(const Peaks& peaks, const PoseRule& rule, const Grid& grid, Poses& poses) {
  // Of two poses found equally well, the more complete one is the surer one.
  const auto score = [&](int pose) {
    return mean(pose) * static_cast<float>(groups_[pose].keypoints) / static_cast<float>(keypoints_);
  };
  order_.clear();
  for (int pose = 0; pose < static_cast<int>(groups_.size()); ++pose) {
    if (passes(pose, rule)) {
      order_.push_back(pose);
    }
  }
  std::sort(order_.begin(), order_.end(),
            [&](int a, int b) { return score(a) != score(b) ? score(a) > score(b) : a < b; });
  poses.keypoints.clear();
  poses.scores.clear();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const int pose : order_) {
    poses.scores.push_back(std::min(score(pose), 1.0F));
    for (int k = 0; k < keypoints_; ++k) {
      const int peak = peaks_of(pose)[k];
      const bool found = peak != none;
      poses.keypoints.push_back(found ? (peaks.x[peak] + 0.5F) * grid.stride - grid.bias_x : nan);
      poses.keypoints.push_back(found ? (peaks.y[peak] + 0.5F) * grid.stride - grid.bias_y : nan);
      poses.keypoints.push_back(found ? peaks.score[peak] : 0.0F);
    }
  }
}

}  // namespace posewire::paf
