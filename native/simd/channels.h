#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/level.h"

namespace posewire::simd {

// Between pixels of three bytes and three channels, at one level.
struct ChannelKernels {
  // Copies the channels of `width` pixels apart; strides are in bytes and may be negative or zero.
  void (*split)(const std::uint8_t* pixels, std::ptrdiff_t pixel_stride, std::ptrdiff_t channel_stride, int width,
                std::uint8_t* const* channels);

  // Writes `width` packed pixels of three channels.
  void (*join)(const std::uint8_t* const* channels, int width, std::uint8_t* pixels);
};

// The kernels of an available level.
const ChannelKernels& channel_kernels(Level level);

}  // namespace posewire::simd
