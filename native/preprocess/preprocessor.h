#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "preprocess/rows.h"
#include "preprocess/taps.h"
#include "simd/level.h"

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

// Three planes of height * width floats, one after the other.
struct PlanesView {
  float* values;
  int width;
  int height;
};

// A value of plane c is (pixel - mean[c]) * scale[c]; plane c shows channel 2 - c if swap_red_blue.
struct Normalisation {
  std::array<float, 3> mean;
  std::array<float, 3> scale;
  float pad;
  bool swap_red_blue;
};

// Turns images into network inputs in one pass: resizes, pads, normalises and splits the channels.
// Resizing is bilinear; reducing to less than half widens the triangle of weights to the scale, so
// that no pixel is skipped. Every dispatch level gives the same bits. An object is for one thread at a time; it keeps
// its memory, so frames of one size cause no allocation.
class Preprocessor {
 public:
  explicit Preprocessor(simd::Level level);

  // Fills `output`: the image scaled to valid_width * valid_height at the top left, pad elsewhere.
  // All sizes are at least 1 and the valid size is at most the output's.
  void run(const ImageView& image, int valid_width, int valid_height, const Normalisation& normalisation,
           const PlanesView& output);

 private:
  void blend(const ImageView& image, int row);
  const std::uint8_t* packed_row(const ImageView& image, int row, int slot);

  BlendRows blend_rows_;
  Taps columns_;
  Taps rows_;
  std::vector<float> blended_;
  std::vector<std::uint8_t> packed_;
  std::vector<const std::uint8_t*> sources_;
};

}  // namespace posewire
