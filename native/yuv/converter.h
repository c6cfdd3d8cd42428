#pragma once

#include <cstdint>
#include <vector>

#include "simd/channels.h"
#include "simd/level.h"
#include "yuv/block_row.h"
#include "yuv/colour.h"
#include "yuv/colour_row.h"

namespace posewire::yuv {

// How a row of a picture lies in memory: pixels of blue, green, red; or all blue, then all green, then
// all red, which is as many bytes.
enum class Layout { pixels, channels };

// Turns planes of 4:2:0 video into blue, green, red, at full size or reduced, in one pass. A pixel of
// the result is the mean of the samples it covers, taken before the change of colours; beyond the
// last row and column the picture goes on as it ends. Every dispatch level gives the same bits. An object is for one
// thread at a time; it keeps its memory, so frames of one size cause no allocation.
class Converter {
 public:
  explicit Converter(simd::Level level);

  // Opens planes: the picture has ceil(height / reduction) rows of ceil(width / reduction) pixels. The
  // reduction is 1, 2, 4 or 8; u and v have half the size of y, rounded up; all sizes are at least 1.
  void open(const Planes& planes, int reduction, const Colour& colour);

  int width() const { return (planes_[0].width + reduction_ - 1) / reduction_; }
  int height() const { return (planes_[0].height + reduction_ - 1) / reduction_; }

  // Writes one row of the picture.
  void read(int row, const Channels& channels);

  // Writes all of its rows, packed.
  void read_all(Layout layout, std::uint8_t* bgr);

 private:
  void read_chroma(int block, int row, int width);

  Planes planes_{};
  int reduction_ = 1;
  Colour colour_{};
  int chroma_row_ = -1;

  ColourRow colour_row_;
  const simd::ChannelKernels& channel_kernels_;
  BlockRow y_;
  BlockRow u_;
  BlockRow v_;
  std::vector<std::uint8_t> channels_;
};

}  // namespace posewire::yuv
