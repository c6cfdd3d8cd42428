#pragma once

#include <cstddef>
#include <vector>

#include "paf/poses.h"
#include "paf/spot.h"

namespace posewire::paf {

// Two spots of a limb's keypoints.
struct Connection {
  int from;
  int to;
  double score;
};

// Of the connections in their order, up to `limit` whose spots no earlier one has.
std::vector<Connection> first_of_each(const std::vector<Connection>& connections, std::size_t limit);

// A pose while it grows: the index of a spot for each keypoint.
struct Member {
  static constexpr int none = -1;

  explicit Member(int keypoints) : spots(static_cast<std::size_t>(keypoints), none) {}

  std::vector<int> spots;
  double score = 0.0;  // the sum over spots and connections
  int count = 0;       // of keypoints, as the system that is followed counts them
};

struct MemberRule {
  int keypoints_min;  // a pose with a lower count is dropped
  double score_min;   // a pose with a lower score by count is dropped
  int terms;          // how many spots and connections a whole pose has; its score is the sum over them
};

// Writes the poses that pass, best first; spots times the scales are pixels of the network's input.
void write_members(const std::vector<Member>& members, const Spots& spots, const MemberRule& rule, float scale_x,
                   float scale_y, Poses& poses);

}  // namespace posewire::paf
