#include "paf/decoder.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

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

Algorithm choose_algorithm(std::string_view name) {
  if (name == "fast") {
    return Algorithm::fast;
  }
  throw std::invalid_argument("algorithm must be fast; got " + std::string(name));
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

void Decoder::check(const Maps& heatmaps, const Maps& pafs) const {
  if (heatmaps.channels < skeleton_.keypoints || pafs.channels < paf_channels_) {
    throw std::invalid_argument("expected at least " + std::to_string(skeleton_.keypoints) + " heatmaps and " +
                                std::to_string(paf_channels_) + " paf channels, got " +
                                std::to_string(heatmaps.channels) + " and " + std::to_string(pafs.channels));
  }
  if (heatmaps.height != pafs.height || heatmaps.width != pafs.width) {
    throw std::invalid_argument("expected heatmaps and pafs of one size, got " + std::to_string(heatmaps.height) + "x" +
                                std::to_string(heatmaps.width) + " and " + std::to_string(pafs.height) + "x" +
                                std::to_string(pafs.width));
  }
}

void Decoder::decode(const Maps& heatmaps, const Maps& pafs, Size /*size_input*/, Size /*size_image*/,
                     Poses& poses) const {
  check(heatmaps, pafs);
  poses.keypoints.clear();
  poses.scores.clear();
  if (heatmaps.height < 2 || heatmaps.width < 2) {
    return;
  }
  std::unique_ptr<Workspace> workspace = pool_->borrow();
  workspace->fast.decode(heatmaps, pafs, skeleton_, parameters_.fast, *kernels_, poses);
  pool_->give_back(std::move(workspace));
}

}  // namespace posewire::paf
