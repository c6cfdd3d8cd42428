#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "paf/fast_decoder.h"
#include "paf/maps.h"
#include "paf/poses.h"
#include "paf/size.h"
#include "paf/skeleton.h"
#include "simd/kernels.h"

namespace posewire::paf {

enum class Algorithm { fast, openpose, paddlehub };

// Throws std::invalid_argument for an unknown name.
Algorithm choose_algorithm(std::string_view name);

struct Parameters {
  FastParameters fast;
};

// Decoder of heatmaps and part affinity fields to poses. Immutable and safe to share between threads:
// each call borrows a workspace from a pool that grows to the number of calls at one time.
class Decoder {
 public:
  // Throws std::invalid_argument when a limb names a keypoint outside the skeleton.
  Decoder(Skeleton skeleton, Algorithm algorithm, const Parameters& parameters, simd::Level level);
  ~Decoder();

  // `size_input` is the part of the network input that shows the picture, `size_image` the picture's
  // own size; only paddlehub uses both. Maps under 2 x 2 cells have no poses. A cell of a heatmap
  // that is NaN or infinite, or next to a NaN, is no peak. A limb is not followed across cells of a paf
  // that are NaN or infinite. openpose and paddlehub take these cells, and any beyond a million, as zero.
  // Throws std::invalid_argument when the maps do not fit the skeleton or each other, or a size is not
  // positive or exceeds the maps or 65535 pixels.
  void decode(const Maps& heatmaps, const Maps& pafs, Size size_input, Size size_image, Poses& poses) const;

  int keypoints() const { return skeleton_.keypoints; }

 private:
  struct Workspace;
  class Pool;

  void check(const Maps& heatmaps, const Maps& pafs, Size size_input, Size size_image) const;
  void decode_enlarged(const Maps& heatmaps, const Maps& pafs, Size size_input, Size size_image, Poses& poses) const;

  Skeleton skeleton_;
  Algorithm algorithm_;
  Parameters parameters_;
  const simd::Kernels* kernels_;
  int paf_channels_ = 0;
  std::unique_ptr<Pool> pool_;
};

}  // namespace posewire::paf
