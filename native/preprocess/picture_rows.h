#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "simd/channels.h"

namespace posewire {

// An 8-bit image of three channels; strides are in bytes and may be negative or zero.
struct ImageView {
  const std::uint8_t* pixels;
  int width;
  int height;
  std::ptrdiff_t row_stride;
  std::ptrdiff_t pixel_stride;
  std::ptrdiff_t channel_stride;
};

// A part of a picture that is never whole in memory: each row is made when it is read.
struct LazyImage {
  int left;
  int top;
  int width;
  int height;

  // Pixels of a row, and the function that writes one row, each channel without gaps.
  int row_width;
  std::function<void(int row, const std::array<std::uint8_t*, 3>& channels)> make;
};

// The rows of an image, each channel without gaps: the image's own bytes if it has no gaps,
// otherwise a copy, made once while rows go on downwards. An object keeps its memory.
class PictureRows {
 public:
  explicit PictureRows(simd::Level level) : kernels_(simd::channel_kernels(level)) {}

  // Opens an image of which at most `count` rows at a time will be looked at.
  void open(const ImageView& image, int count);
  void open(const LazyImage& image, int count);

  // Puts `count` rows from the `first` on into `rows`, by channel; none beyond the image's last.
  void read(int first, int count, std::array<std::vector<const std::uint8_t*>, 3>& rows);

 private:
  void reserve(int row_width, int count);
  void copy(int row, std::size_t slot);

  const simd::ChannelKernels& kernels_;
  ImageView image_{};
  const LazyImage* made_ = nullptr;
  std::size_t row_width_ = 0;  // of copies
  std::array<std::vector<std::uint8_t>, 3> copies_;
  std::vector<int> copied_;  // which row is in each slot
};

}  // namespace posewire
