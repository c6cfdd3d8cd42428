#include "paf/openpose.h"

#include <algorithm>
#include <cmath>

#include "paf/enlarged_map.h"
#include "paf/openpose_peaks.h"
#include "paf/peak_group.h"

namespace posewire::paf {
namespace {

constexpr float peak_threshold = 0.05F;
constexpr float sample_threshold = 0.05F;
constexpr float hits_share_min = 0.95F;
constexpr int keypoints_min = 3;
constexpr float score_min = 0.4F;

// Truncates after adding a half, so that what is just below zero becomes zero.
int round_positive(float value) {
  const float raised = value + 0.5F;
  return static_cast<int>(raised);
}

float score_pair(const Peak& from, const Peak& to, const EnlargedMap& field_x, const EnlargedMap& field_y) {
  const float dx = to.x - from.x;
  const float dy = to.y - from.y;
  const float length = std::sqrt(dx * dx + dy * dy);
  if (!(length > 1e-6F)) {
    return 0.0F;
  }
  const float reach = std::max(std::abs(dx), std::abs(dy));
  const int samples = std::clamp(round_positive(std::sqrt(5.0F * reach)), 5, 25);
  const float step_x = dx / static_cast<float>(samples);
  const float step_y = dy / static_cast<float>(samples);
  float sum = 0.0F;
  int hits = 0;
  for (int i = 0; i < samples; ++i) {
    const int x = std::clamp(round_positive(from.x + static_cast<float>(i) * step_x), 0, field_x.width() - 1);
    const int y = std::clamp(round_positive(from.y + static_cast<float>(i) * step_y), 0, field_x.height() - 1);
    const float along = dx / length * field_x.at(x, y) + dy / length * field_y.at(x, y);
    if (along > sample_threshold) {
      sum += along;
      ++hits;
    }
  }
  if (static_cast<float>(hits) / static_cast<float>(samples) > hits_share_min) {
    return sum / static_cast<float>(hits);
  }
  const auto near = static_cast<float>(std::sqrt(field_x.width() * field_x.height()) / 150.0);
  return length < near ? peak_threshold + 1e-6F : 0.0F;
}

std::vector<PeakPair> connect(const std::vector<Peak>& from, const std::vector<Peak>& to, const EnlargedMap& field_x,
                              const EnlargedMap& field_y) {
  std::vector<PeakPair> pairs;
  for (int a = 0; a < static_cast<int>(from.size()); ++a) {
    for (int b = 0; b < static_cast<int>(to.size()); ++b) {
      const float score = score_pair(from[a], to[b], field_x, field_y);
      if (score > 1e-6F) {
        pairs.push_back({a, b, score});
      }
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const PeakPair& a, const PeakPair& b) {
    if (a.score != b.score) {
      return a.score > b.score;
    }
    return a.from != b.from ? a.from > b.from : a.to > b.to;
  });
  return first_of_each(pairs, std::min(from.size(), to.size()));
}

// Where one end of a limb was not found at all, each peak of the other end that is in no pose starts one.
void add_lone(const std::vector<Peak>& peaks, int keypoint, int keypoints, std::vector<PeakGroup>& groups) {
  for (int i = 0; i < static_cast<int>(peaks.size()); ++i) {
    const auto has = [&](const PeakGroup& group) { return group.peaks[keypoint] == i; };
    if (std::none_of(groups.begin(), groups.end(), has)) {
      PeakGroup& group = groups.emplace_back(keypoints);
      group.peaks[keypoint] = i;
      group.score = peaks[i].score;
      group.count = 1;
    }
  }
}

// The last limbs give poses an ear or a shoulder that they lack, uncounted.
void extend(const Limb& limb, const std::vector<PeakPair>& pairs, std::vector<PeakGroup>& groups) {
  for (const PeakPair& pair : pairs) {
    for (PeakGroup& group : groups) {
      int& from = group.peaks[limb.from];
      int& to = group.peaks[limb.to];
      if (from == pair.from && to == PeakGroup::none) {
        to = pair.to;
      } else if (to == pair.to && from == PeakGroup::none) {
        from = pair.from;
      }
    }
  }
}

void join(const Limb& limb, const std::vector<PeakPair>& pairs, const PeakLists& peaks,
          std::vector<PeakGroup>& groups) {
  for (const PeakPair& pair : pairs) {
    const float gain = peaks[limb.to][pair.to].score + static_cast<float>(pair.score);
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const PeakGroup& group) { return group.peaks[limb.from] == pair.from; });
    if (found != groups.end()) {
      found->peaks[limb.to] = pair.to;
      found->count += 1;
      found->score += gain;
      continue;
    }
    PeakGroup& group = groups.emplace_back(static_cast<int>(peaks.size()));
    group.peaks[limb.from] = pair.from;
    group.peaks[limb.to] = pair.to;
    group.count = 2;
    group.score = peaks[limb.from][pair.from].score + gain;
  }
}

}  // namespace

void decode_openpose(const Maps& heatmaps, const Maps& pafs, const Skeleton& skeleton, int scale, Poses& poses) {
  const Axis columns = resize_axis(heatmaps.width, heatmaps.width * scale);
  const Axis rows = resize_axis(heatmaps.height, heatmaps.height * scale);
  PeakLists peaks;
  for (int keypoint = 0; keypoint < skeleton.keypoints; ++keypoint) {
    peaks.push_back(find_openpose_peaks(heatmaps.channel(keypoint), columns, rows, scale, peak_threshold));
  }
  constexpr int extending_limbs = 2;
  const int joining_limbs = static_cast<int>(skeleton.limbs.size()) - extending_limbs;
  std::vector<PeakGroup> groups;
  for (int i = 0; i < static_cast<int>(skeleton.limbs.size()); ++i) {
    const Limb& limb = skeleton.limbs[i];
    if (peaks[limb.from].empty() || peaks[limb.to].empty()) {
      const int found = peaks[limb.from].empty() ? limb.to : limb.from;
      add_lone(peaks[found], found, skeleton.keypoints, groups);
      continue;
    }
    const EnlargedMap field_x(pafs.channel(limb.channel_x), columns, rows);
    const EnlargedMap field_y(pafs.channel(limb.channel_y), columns, rows);
    const std::vector<PeakPair> pairs = connect(peaks[limb.from], peaks[limb.to], field_x, field_y);
    if (i < joining_limbs) {
      join(limb, pairs, peaks, groups);
    } else {
      extend(limb, pairs, groups);
    }
  }
  const int terms = skeleton.keypoints + static_cast<int>(skeleton.limbs.size());
  write_groups(groups, peaks, {keypoints_min, score_min, terms}, 1.0F, 1.0F, poses);
}

}  // namespace posewire::paf
