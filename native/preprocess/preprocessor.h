#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "preprocess/columns.h"
#include "preprocess/kernels.h"
#include "preprocess/picture_rows.h"
#include "preprocess/taps.h"
#include "simd/level.h"

namespace posewire {

// Three planes of height * width floats, one after the other.
struct TensorView {
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
// that no pixel is skipped. Pixels are blended in fixed point, to 1/50 of a grey level. Every dispatch level
// gives the same bits. An object is for one thread at a time; it keeps its memory, so frames of one
// size cause no allocation.
class Preprocessor {
 public:
  explicit Preprocessor(simd::Level level);

  // Fills `output`: the image scaled to valid_width * valid_height at the top left, pad elsewhere.
  // All sizes are at least 1 and the valid size is at most the output's.
  void run(const ImageView& image, int valid_width, int valid_height, const Normalisation& normalisation,
           const TensorView& output);
  void run(const LazyImage& image, int valid_width, int valid_height, const Normalisation& normalisation,
           const TensorView& output);

 private:
  void fit(int width, int height, int valid_width, int valid_height);
  void fill(const Normalisation& normalisation, bool swap_red_blue, const TensorView& output);
  void blend(int y);

  const Kernels& kernels_;
  PictureRows source_;
  Columns columns_;
  Taps rows_;
  std::array<std::vector<const std::uint8_t*>, 3> sources_;
  std::array<std::vector<std::int16_t>, 3> blended_;
};

}  // namespace posewire
