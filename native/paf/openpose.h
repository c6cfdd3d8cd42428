#pragma once

#include "paf/maps.h"
#include "paf/poses.h"
#include "paf/skeleton.h"

namespace posewire::paf {

// Gives the keypoints of OpenPose 1.7 on a CPU (Cao et al., "OpenPose", 2019) for one scale: maps
// enlarged by `scale` with bicubic interpolation, computed only at the samples that are needed; strict maxima
// of eight neighbours with a 7 x 7 centroid; up to 127 a keypoint, from the top; 5 to 25 samples of a
// limb, 95 % of them above 0.05; greedy matching; limbs in order, the last two only extend poses.
//
// Its pixels have their centre at + 0.5, as ours, so positions are input pixels as they are. A score
// is OpenPose's: the sum over keypoints and limbs divided by how many there could be.
void decode_openpose(const Maps& heatmaps, const Maps& pafs, const Skeleton& skeleton, int scale, Poses& poses);

}  // namespace posewire::paf
