#pragma once

#include <vector>

#include "paf/link_finder.h"
#include "paf/peak_finder.h"
#include "paf/poses.h"
#include "paf/skeleton.h"

namespace posewire::paf {

struct PoseRule {
  float share_min;    // least score of a link to a peak that another pose has
  int keypoints_min;  // a pose with fewer is dropped
  float score_min;    // a pose whose keypoints and links have a lower mean score is dropped
};

// Where cells lie in the network's input, in pixels.
struct Grid {
  float stride;  // the width of a cell
  float bias_x;  // how far the network's peaks lie right of the truth
  float bias_y;  // how far they lie below it
};

// Joins the chosen links into poses, best link first: each peak in one pose, each keypoint once in a
// pose; two poses that have no keypoint in common are merged. Then a pose that lacks a keypoint, as
// when two people hold theirs at one place, may share a peak that a strong link points to.
// Keeps its memory between frames.
class Grouper {
 public:
  void group(const Peaks& peaks, const Skeleton& skeleton, const PoseRule& rule, const Links& links);
  // Gives a peak, and what is joined to it, to a pose that lacks its keypoint; false if both have
  // another keypoint in common.
  bool give(int pose, int keypoint, int peak, const Peaks& peaks);
  // Writes the poses that pass the rule, best first.
  void write(const Peaks& peaks, const PoseRule& rule, const Grid& grid, Poses& poses);

  static constexpr int none = -1;
  // Groups of joined peaks, poses and lesser ones; those that were merged into others are empty.
  int count() const { return static_cast<int>(groups_.size()); }
  bool passes(int pose, const PoseRule& rule) const;
  // The peak of each keypoint, or none.
  const int* peaks_of(int pose) const {
    return &peaks_[static_cast<std::size_t>(pose) * static_cast<std::size_t>(keypoints_)];
  }
  // The group that a peak was first joined to, or none.
  int owner(int peak) const { return owner_[peak]; }

 private:
  struct Group {
    float score;  // the sum over its peaks and links
    int links;
    int keypoints;
  };

  struct Key {
    float score;
    int link;
  };

  void join(const Link& link, const Limb& limb, const Peaks& peaks);
  void add(int pose, int keypoint, int peak, const Peaks& peaks);
  bool merge(int into, int from);
  float mean(int pose) const;
  void share(int pose, const Peaks& peaks, const Skeleton& skeleton, const PoseRule& rule, const Links& links);
  int* slots(int pose) { return &peaks_[static_cast<std::size_t>(pose) * static_cast<std::size_t>(keypoints_)]; }

  int keypoints_ = 0;
  std::vector<int> owner_;  // the pose of each peak
  std::vector<int> peaks_;  // keypoints_ peaks for each pose
  std::vector<Group> groups_;
  std::vector<Key> keys_;
  std::vector<int> order_;  // of poses
};

}  // namespace posewire::paf
