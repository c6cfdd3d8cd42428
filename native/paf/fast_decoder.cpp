#include "paf/fast_decoder.h"

namespace posewire::paf {

void FastDecoder::decode(const Maps& heatmaps, const Maps& pafs, const Skeleton& skeleton,
                         const FastParameters& parameters, const simd::Kernels& kernels, Poses& poses) {
  peak_finder_.find(heatmaps, skeleton.keypoints, parameters.peaks, kernels, peaks_);
  link_finder_.find(pafs, skeleton, parameters.links, kernels, peaks_, links_);
  grouper_.group(peaks_, skeleton, parameters.poses, links_);
  adopter_.adopt(peaks_, skeleton, parameters.poses, parameters.adoption, grouper_);
  grouper_.write(peaks_, parameters.poses, parameters.grid, poses);
}

}  // namespace posewire::paf
