#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "paf/maps.h"
#include "paf/skeleton.h"

// Heatmaps and PAFs of a chain of five keypoints, for tests.
class Picture {
 public:
  static constexpr int keypoints = 5;

  Picture(int height, int width)
      : height_(height), width_(width), cells_(static_cast<std::size_t>(channels) * height * width) {}

  static posewire::paf::Skeleton skeleton() {
    posewire::paf::Skeleton result;
    result.keypoints = keypoints;
    for (int i = 0; i + 1 < keypoints; ++i) {
      result.limbs.push_back({i, i + 1, 2 * i, 2 * i + 1});
    }
    return result;
  }

  // A person whose keypoints lie `step` cells apart on a line downwards from (x, y).
  void add_person(float x, float y, float step) {
    for (int k = 0; k < keypoints; ++k) {
      add_peak(k, x, y + static_cast<float>(k) * step, 1.0F);
    }
    for (int limb = 0; limb + 1 < keypoints; ++limb) {
      add_limb(limb, x, y + static_cast<float>(limb) * step, step);
    }
  }

  void add_peak(int channel, float x, float y, float height) {
    for (int row = 0; row < height_; ++row) {
      for (int column = 0; column < width_; ++column) {
        const float dx = static_cast<float>(column) - x;
        const float dy = static_cast<float>(row) - y;
        float& cell = at(channel, row, column);
        cell = std::max(cell, height * std::exp(-(dx * dx + dy * dy) / (2.0F * 0.875F * 0.875F)));
      }
    }
  }

  void fill(float value) { std::fill(cells_.begin(), cells_.end(), value); }

  void fill_noise(unsigned seed, float least, float most) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> value(least, most);
    std::generate(cells_.begin(), cells_.end(), [&] { return value(random); });
  }

  float& at(int channel, int row, int column) { return cells_[(channel * height_ + row) * width_ + column]; }

  posewire::paf::Maps heatmaps() const { return view(0, keypoints); }
  posewire::paf::Maps pafs() const { return view(keypoints, channels - keypoints); }

 private:
  static constexpr int channels = keypoints + 2 * (keypoints - 1);

  posewire::paf::Maps view(int first, int count) const {
    return {cells_.data() + first * height_ * width_, height_ * width_, width_, count, height_, width_};
  }

  void add_limb(int limb, float x, float y, float length) {
    const int column = static_cast<int>(std::lround(x));
    for (int row = static_cast<int>(y) - 1; row <= static_cast<int>(y + length) + 1; ++row) {
      for (int side = column - 1; side <= column + 1; ++side) {
        if (row >= 0 && row < height_ && side >= 0 && side < width_) {
          at(keypoints + 2 * limb + 1, row, side) = 1.0F;
        }
      }
    }
  }

  int height_;
  int width_;
  std::vector<float> cells_;
};
