#pragma once

#include <vector>

#include "paf/axis.h"
#include "paf/peak.h"
#include "simd/kernels.h"

namespace posewire::paf {

// The peaks that OpenPose's non-maximum suppression finds in a map enlarged along the given axes, by
// an integer scale, in pixels of the enlarged map with the origin at its corner; at most 127, row by row.
std::vector<Peak> find_openpose_peaks(const simd::Plane& plane, const Axis& columns, const Axis& rows, int scale,
                                      float threshold);

}  // namespace posewire::paf
