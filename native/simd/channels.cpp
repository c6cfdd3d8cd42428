#include "simd/channels.h"

#include <array>
#ifdef POSEWIRE_X86_LEVELS
#include <immintrin.h>

#define POSEWIRE_AVX2 [[gnu::target("avx2")]]
#endif

namespace posewire::simd {
namespace {

void split_from(int x, const std::uint8_t* pixels, std::ptrdiff_t pixel_stride, std::ptrdiff_t channel_stride,
                int width, std::uint8_t* const* channels) {
  for (int channel = 0; channel < 3; ++channel) {
    const std::uint8_t* const from = pixels + channel * channel_stride;
    std::uint8_t* const to = channels[channel];
    for (int pixel = x; pixel < width; ++pixel) {
      to[pixel] = from[pixel * pixel_stride];
    }
  }
}

void join_from(int x, const std::uint8_t* const* channels, int width, std::uint8_t* pixels) {
  const std::array<const std::uint8_t*, 3> from{channels[0], channels[1], channels[2]};
  for (; x < width; ++x) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      pixels[3 * static_cast<std::size_t>(x) + channel] = from[channel][x];
    }
  }
}

void split_baseline(const std::uint8_t* pixels, std::ptrdiff_t pixel_stride, std::ptrdiff_t channel_stride, int width,
                    std::uint8_t* const* channels) {
  split_from(0, pixels, pixel_stride, channel_stride, width, channels);
}

void join_baseline(const std::uint8_t* const* channels, int width, std::uint8_t* pixels) {
  join_from(0, channels, width, pixels);
}

constexpr ChannelKernels baseline_kernels{split_baseline, join_baseline};

#ifdef POSEWIRE_X86_LEVELS
// 16 pixels are three parts of 16 bytes. For each byte of one register its place in another one, or -1
// if it is in none.
using Order = std::array<std::int8_t, 16>;

// Where the bytes of a channel are in a part.
constexpr Order in_part(int channel, int part) {
  Order order{};
  for (int pixel = 0; pixel < 16; ++pixel) {
    const int place = 3 * pixel + channel - 16 * part;
    order[static_cast<std::size_t>(pixel)] = static_cast<std::int8_t>(place >= 0 && place < 16 ? place : -1);
  }
  return order;
}

// Where the bytes of a part are in a channel.
constexpr Order in_channel(int part, int channel) {
  Order order{};
  for (int i = 0; i < 16; ++i) {
    const int place = 16 * part + i;
    order[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(place % 3 == channel ? place / 3 : -1);
  }
  return order;
}

using Orders = std::array<Order, 3>;

constexpr std::array<Orders, 3> to_channels{Orders{in_part(0, 0), in_part(0, 1), in_part(0, 2)},
                                            Orders{in_part(1, 0), in_part(1, 1), in_part(1, 2)},
                                            Orders{in_part(2, 0), in_part(2, 1), in_part(2, 2)}};
constexpr std::array<Orders, 3> to_parts{Orders{in_channel(0, 0), in_channel(0, 1), in_channel(0, 2)},
                                         Orders{in_channel(1, 0), in_channel(1, 1), in_channel(1, 2)},
                                         Orders{in_channel(2, 0), in_channel(2, 1), in_channel(2, 2)}};

POSEWIRE_AVX2 __m128i load_half(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

// The bytes that three registers have for another one; each half is 16 pixels' own.
POSEWIRE_AVX2 __m256i gather(const __m256i* registers, const Orders& orders) {
  __m256i all = _mm256_setzero_si256();
  for (std::size_t i = 0; i < 3; ++i) {
    const __m256i order = _mm256_broadcastsi128_si256(load_half(orders[i].data()));
    all = _mm256_or_si256(all, _mm256_shuffle_epi8(registers[i], order));
  }
  return all;
}

POSEWIRE_AVX2 void split_avx2(const std::uint8_t* pixels, std::ptrdiff_t pixel_stride, std::ptrdiff_t channel_stride,
                              int width, std::uint8_t* const* channels) {
  const bool is_packed = pixel_stride == 3 && channel_stride == 1;
  int x = 0;
  for (; is_packed && x + 32 <= width; x += 32) {
    const std::uint8_t* const from = pixels + 3 * static_cast<std::ptrdiff_t>(x);
    __m256i parts[3];
    for (int part = 0; part < 3; ++part) {
      const __m256i first = _mm256_castsi128_si256(load_half(from + 16 * part));
      parts[part] = _mm256_inserti128_si256(first, load_half(from + 48 + 16 * part), 1);
    }
    for (std::size_t channel = 0; channel < 3; ++channel) {
      auto* const to = reinterpret_cast<__m256i*>(channels[channel] + x);
      _mm256_storeu_si256(to, gather(parts, to_channels[channel]));
    }
  }
  split_from(x, pixels, pixel_stride, channel_stride, width, channels);
}

POSEWIRE_AVX2 void join_avx2(const std::uint8_t* const* channels, int width, std::uint8_t* pixels) {
  int x = 0;
  for (; x + 32 <= width; x += 32) {
    auto* const to = reinterpret_cast<__m128i*>(pixels + 3 * static_cast<std::ptrdiff_t>(x));
    __m256i registers[3];
    for (int channel = 0; channel < 3; ++channel) {
      registers[channel] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(channels[channel] + x));
    }
    for (std::size_t part = 0; part < 3; ++part) {
      const __m256i both = gather(registers, to_parts[part]);
      _mm_storeu_si128(to + part, _mm256_castsi256_si128(both));
      _mm_storeu_si128(to + 3 + part, _mm256_extracti128_si256(both, 1));
    }
  }
  join_from(x, channels, width, pixels);
}

constexpr ChannelKernels avx2_kernels{split_avx2, join_avx2};
#endif

}  // namespace

const ChannelKernels& channel_kernels(Level level) {
#ifdef POSEWIRE_X86_LEVELS
  if (level != Level::baseline) {
    return avx2_kernels;  // Wider registers would be shuffled in halves of halves.
  }
#endif
  static_cast<void>(level);
  return baseline_kernels;
}

}  // namespace posewire::simd
