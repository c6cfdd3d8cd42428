#pragma once

#include <vector>

namespace posewire::paf {

// A peak of an enlarged map, in pixels of that map; Peaks of the fast decoder are in cells.
struct Peak {
  float x;
  float y;
  float score;
};

// The peaks of each keypoint.
using PeakLists = std::vector<std::vector<Peak>>;

}  // namespace posewire::paf
