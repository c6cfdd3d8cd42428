#pragma once

#include "paf/maps.h"
#include "paf/poses.h"
#include "paf/size.h"
#include "paf/skeleton.h"

namespace posewire::paf {

// Gives the keypoints of PaddleHub's openpose_body_estimation 1.1.0: maps enlarged by `scale` with
// bicubic interpolation, cropped to the picture, resized to its own size; maxima of the map smoothed
// by a Gaussian of 3 pixels, whole plateaus, above 0.1, with the score of the map before smoothing;
// 10 samples of a limb of which 9 must exceed 0.05, less a penalty on length; greedy matching; limbs
// in order, two poses without a common keypoint merge, the last two limbs only extend poses.
//
// Its positions are indices of picture pixels; they are returned as those pixels' centres, scaled to
// the input. A score is the sum over keypoints and limbs divided by how many there could be.
void decode_paddlehub(const Maps& heatmaps, const Maps& pafs, const Skeleton& skeleton, int scale, Size size_input,
                      Size size_image, Poses& poses);

}  // namespace posewire::paf
