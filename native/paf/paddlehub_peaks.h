#pragma once

#include <vector>

#include "paf/enlarged_map.h"
#include "paf/peak.h"

namespace posewire::paf {

// The pixels of an enlarged map that, once smoothed by a Gaussian of 3 pixels, exceed the threshold
// and are not below their four neighbours (outside counts as zero), row by row; positions are indices
// and the score is the map's before smoothing.
std::vector<Peak> find_paddlehub_peaks(const EnlargedMap& map, float threshold);

}  // namespace posewire::paf
