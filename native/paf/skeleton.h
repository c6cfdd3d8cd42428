#pragma once

#include <vector>

namespace posewire::paf {

// Two keypoints that a part affinity field connects, and the field's channels.
struct Limb {
  int from;
  int to;
  int channel_x;
  int channel_y;
};

struct Skeleton {
  int keypoints = 0;
  std::vector<Limb> limbs;
  // Length of each limb as a share of the person's height, 0 if it is no bone; empty if unknown.
  std::vector<float> lengths;
};

}  // namespace posewire::paf
