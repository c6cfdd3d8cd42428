#pragma once

#include <array>
#include <vector>

#include "paf/grouper.h"
#include "paf/peak_finder.h"
#include "paf/skeleton.h"

namespace posewire::paf {

struct AdoptionRule {
  float score_min;  // least score of a peak that may be adopted
  float reach;      // how much farther than the limbs between them two keypoints of a person may be
  float lead;       // how much nearer than to the next pose a peak must be, as a factor ...
  float lead_min;   // ... and as a share of the reach
  float apart;      // a peak within so many cells of the same keypoint of a pose is its double
};

// Gives stray peaks, which no link joins to a pose, to the pose they fit by distance alone; for
// instance a wrist whose elbow is hidden. A person's size is known from the limbs that are found. A stray belongs to a
// pose that has a keypoint within reach, lacks the stray's and the one or two between them, and is
// clearly the nearest pose of this kind; if nothing lies between, the missing link speaks against it.
// Keeps its memory between frames.
class Adopter {
 public:
  // Does nothing for a skeleton without lengths.
  void adopt(const Peaks& peaks, const Skeleton& skeleton, const PoseRule& pose_rule, const AdoptionRule& rule,
             Grouper& grouper);

 private:
  // Two keypoints, the one or two between them, and the length of the limbs from one to the other.
  struct Route {
    int from;
    int to;
    std::array<int, 2> inner;
    float length;

    bool visits(int keypoint) const {
      return keypoint == from || keypoint == to || keypoint == inner[0] || keypoint == inner[1];
    }
  };
  struct Fit {
    float distance;  // as a share of the reach
    int pose;
    int peak;
  };

  void find_routes(const Skeleton& skeleton);
  void measure_poses(const Peaks& peaks, const Skeleton& skeleton, const PoseRule& pose_rule, const Grouper& grouper);
  void adopt_keypoint(int keypoint, const Peaks& peaks, const AdoptionRule& rule, Grouper& grouper);
  bool is_stray(int keypoint, int peak, const Peaks& peaks, const AdoptionRule& rule, const Grouper& grouper) const;
  bool find_fit(int keypoint, int peak, const Peaks& peaks, const AdoptionRule& rule, const Grouper& grouper,
                Fit& fit) const;
  float distance(int keypoint, int peak, int pose, const Peaks& peaks, const Grouper& grouper) const;

  std::vector<Route> routes_;
  std::vector<float> sizes_;  // of each pose's person in cells; 0 if it is no pose
  std::vector<float> ratios_;
  std::vector<int> poses_;
  std::vector<Fit> fits_;
};

}  // namespace posewire::paf
