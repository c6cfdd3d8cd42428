#pragma once

#include <vector>

namespace posewire::paf {

// Poses over K keypoints, best score first: K times x, y, score for each pose, NaN, NaN, 0 if not
// found. x and y are pixels of the network input with the origin at the corner of its first pixel.
struct Poses {
  std::vector<float> keypoints;
  std::vector<float> scores;
};

}  // namespace posewire::paf
