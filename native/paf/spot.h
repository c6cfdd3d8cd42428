#pragma once

#include <vector>

namespace posewire::paf {

// A peak of an enlarged map, in that map's pixels.
struct Spot {
  float x;
  float y;
  float score;
};

// The spots of each keypoint.
using Spots = std::vector<std::vector<Spot>>;

}  // namespace posewire::paf
