#pragma once

#include <cstddef>
#include <vector>

#include "paf/peak.h"
#include "paf/poses.h"

namespace posewire::paf {

// Two peaks that a limb connects, as indices in the lists of its keypoints.
struct PeakPair {
  int from;
  int to;
  double score;
};

// Keeps, of the pairs in their order, up to `limit` whose peaks no earlier kept pair has.
std::vector<PeakPair> first_of_each(const std::vector<PeakPair>& pairs, std::size_t limit);

// A pose that grows while pairs are added: the index of a peak for each keypoint.
struct PeakGroup {
  static constexpr int none = -1;

  explicit PeakGroup(int keypoints) : peaks(static_cast<std::size_t>(keypoints), none) {}

  std::vector<int> peaks;
  double score = 0.0;  // the sum over peaks and pairs
  int count = 0;       // of keypoints, as the reproduced project counts them
};

struct GroupRule {
  int keypoints_min;  // a pose with a lower count is dropped
  double score_min;   // a pose with a lower score by count is dropped
  int terms;          // how many peaks and pairs a whole pose has; its score is the sum over them
};

// Writes the poses that pass, best first; peaks times the scales are pixels of the network's input.
void write_groups(const std::vector<PeakGroup>& groups, const PeakLists& peaks, const GroupRule& rule, float scale_x,
                  float scale_y, Poses& poses);

}  // namespace posewire::paf
