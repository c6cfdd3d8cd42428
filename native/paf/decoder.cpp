#include "paf/decoder.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "paf/openpose.h"
#include "paf/paddlehub.h"

namespace posewire::paf {

struct Decoder::Workspace {
  FastDecoder fast;
};

// Lends workspaces; the lock is held for a pointer's move only.
class Decoder::Pool {
 public:
  std::unique_ptr<Workspace> borrow() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (idle_.empty()) {
      return std::make_unique<Workspace>();
    }
    std::unique_ptr<Workspace> workspace = std::move(idle_.back());
    idle_.pop_back();
    return workspace;
  }

  void give_back(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(workspace));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

namespace {

// A copy whose cells are all finite and moderate, so that sums of them are finite.
class FiniteMaps {
 public:
  explicit FiniteMaps(const Maps& maps) : maps_(maps) {
    constexpr float largest = 1e6F;
    maps_.row_stride = maps.width;
    maps_.channel_stride = static_cast<std::ptrdiff_t>(maps.width) * maps.height;
    cells_.reserve(static_cast<std::size_t>(maps_.channel_stride) * static_cast<std::size_t>(maps.channels));
    for (int channel = 0; channel < maps.channels; ++channel) {
      for (int row = 0; row < maps.height; ++row) {
        const float* from = maps.channel(channel).cells + row * maps.row_stride;
        std::transform(from, from + maps.width, std::back_inserter(cells_),
                       [](float value) { return std::abs(value) <= largest ? value : 0.0F; });
      }
    }
    maps_.cells = cells_.data();
  }

  const Maps& maps() const { return maps_; }

 private:
  Maps maps_;
  std::vector<float> cells_;
};

std::string text(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

}  // namespace

Algorithm choose_algorithm(std::string_view name) {
  if (name == "fast") {
    return Algorithm::fast;
  }
  if (name == "openpose") {
    return Algorithm::openpose;
  }
  if (name == "paddlehub") {
    return Algorithm::paddlehub;
  }
  throw std::invalid_argument("algorithm must be fast, openpose or paddlehub; got " + std::string(name));
}

Decoder::Decoder(Skeleton skeleton, Algorithm algorithm, const Parameters& parameters, simd::Level level)
    : skeleton_(std::move(skeleton)),
      algorithm_(algorithm),
      parameters_(parameters),
      kernels_(&simd::kernels(level)),
      pool_(std::make_unique<Pool>()) {
  for (const Limb& limb : skeleton_.limbs) {
    if (std::min({limb.from, limb.to, limb.channel_x, limb.channel_y}) < 0 ||
        std::max(limb.from, limb.to) >= skeleton_.keypoints) {
      throw std::invalid_argument("a limb joins keypoints " + std::to_string(limb.from) + " and " +
                                  std::to_string(limb.to) + " of " + std::to_string(skeleton_.keypoints));
    }
    paf_channels_ = std::max({paf_channels_, limb.channel_x + 1, limb.channel_y + 1});
  }
}

Decoder::~Decoder() = default;

void Decoder::check(const Maps& heatmaps, const Maps& pafs, Size size_input, Size size_image) const {
  if (heatmaps.channels < skeleton_.keypoints || pafs.channels < paf_channels_) {
    throw std::invalid_argument("expected at least " + std::to_string(skeleton_.keypoints) + " heatmaps and " +
                                std::to_string(paf_channels_) + " paf channels, got " +
                                std::to_string(heatmaps.channels) + " and " + std::to_string(pafs.channels));
  }
  if (heatmaps.height != pafs.height || heatmaps.width != pafs.width) {
    throw std::invalid_argument("expected heatmaps and pafs of one size, got " +
                                text({heatmaps.width, heatmaps.height}) + " and " + text({pafs.width, pafs.height}));
  }
  constexpr int largest = 65535;
  const auto wrong = [](Size size, int width_max, int height_max) {
    return size.width < 1 || size.height < 1 || size.width > width_max || size.height > height_max;
  };
  if (wrong(size_input, largest, largest) || wrong(size_image, largest, largest)) {
    throw std::invalid_argument("expected sizes of 1 to 65535 pixels, got size_input " + text(size_input) +
                                " and size_image " + text(size_image));
  }
}

void Decoder::decode_enlarged(const Maps& heatmaps, const Maps& pafs, Size size_input, Size size_image,
                              Poses& poses) const {
  const FiniteMaps finite_heatmaps(heatmaps);
  const FiniteMaps finite_pafs(pafs);
  const auto scale = static_cast<int>(parameters_.fast.grid.stride);
  if (algorithm_ == Algorithm::openpose) {
    decode_openpose(finite_heatmaps.maps(), finite_pafs.maps(), skeleton_, scale, poses);
    return;
  }
  const Size shown{std::min(size_input.width, heatmaps.width * scale),
                   std::min(size_input.height, heatmaps.height * scale)};
  decode_paddlehub(finite_heatmaps.maps(), finite_pafs.maps(), skeleton_, scale, shown, size_image, poses);
}

void Decoder::decode(const Maps& heatmaps, const Maps& pafs, Size size_input, Size size_image, Poses& poses) const {
  check(heatmaps, pafs, size_input, size_image);
  poses.keypoints.clear();
  poses.scores.clear();
  if (heatmaps.height < 2 || heatmaps.width < 2) {
    return;
  }
  if (algorithm_ != Algorithm::fast) {
    decode_enlarged(heatmaps, pafs, size_input, size_image, poses);
    return;
  }
  std::unique_ptr<Workspace> workspace = pool_->borrow();
  workspace->fast.decode(heatmaps, pafs, skeleton_, parameters_.fast, *kernels_, poses);
  pool_->give_back(std::move(workspace));
}

}  // namespace posewire::paf
