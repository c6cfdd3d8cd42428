#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "check.h"
#include "preprocess/kernels.h"
#include "preprocess/preprocessor.h"
#include "simd/level.h"

using posewire::ImageView;
using posewire::Normalisation;
using posewire::Preprocessor;
using posewire::TensorView;
using Size = std::pair<int, int>;

namespace {

constexpr Normalisation plain{{0.0F, 0.0F, 0.0F}, {1.0F, 1.0F, 1.0F}, 7.0F, false};

std::vector<std::uint8_t> random_pixels(int width, int height) {
  std::mt19937 random(11);
  std::vector<std::uint8_t> pixels(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  for (std::uint8_t& pixel : pixels) {
    pixel = static_cast<std::uint8_t>(random());
  }
  return pixels;
}

// An image of packed pixels, scaled to `valid` within planes that are a little larger.
std::vector<float> run(Preprocessor& preprocessor, const ImageView& image, Size valid, const Normalisation& how) {
  const TensorView shape{nullptr, valid.first + 3, valid.second + 2};
  std::vector<float> values(3 * static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height), -1.0F);
  preprocessor.run(image, valid.first, valid.second, how, {values.data(), shape.width, shape.height});
  return values;
}

}  // namespace

TEST(test_preprocess_every_size_stays_in_bounds_and_is_equal_on_every_level) {
  const std::vector<Size> sizes{{1, 1}, {2, 1}, {1, 2}, {3, 5}, {7, 300}, {640, 480}, {65535, 1}, {1, 65535}};
  for (const auto& [width, height] : sizes) {
    const std::vector<std::uint8_t> pixels = random_pixels(width, height);
    const ImageView image{pixels.data(), width, height, 3 * static_cast<std::ptrdiff_t>(width), 3, 1};
    for (const Size& valid : {Size{1, 1}, Size{3, 2}, Size{4, 4}, Size{123, 46}}) {
      std::vector<float> first;
      for (const posewire::simd::Level level : posewire::simd::available_levels()) {
        Preprocessor preprocessor(level);
        const std::vector<float> values = run(preprocessor, image, valid, plain);
        for (const float value : values) {
          REQUIRE(value >= 0.0F && value <= 255.01F);
        }
        REQUIRE(first.empty() || first == values);
        first = values;
      }
    }
  }
}

TEST(test_preprocess_two_rows_of_any_bytes_blend_to_the_same_bits_on_every_level) {
  constexpr int one = 1 << posewire::weight_bits;
  constexpr int pairs = 256 * 256 + 3;  // Not a multiple of any vector.
  std::vector<std::uint8_t> upper(pairs);
  std::vector<std::uint8_t> lower(pairs);
  for (std::size_t i = 0; i < upper.size(); ++i) {
    upper[i] = static_cast<std::uint8_t>(i / 256);
    lower[i] = static_cast<std::uint8_t>(i);
  }
  const std::uint8_t* const rows[] = {upper.data(), lower.data()};
  for (const int weight : {0, 1, 63, 64, 5461, one / 2 - 1, one / 2, one / 2 + 1, 10923, one - 64, one - 1, one}) {
    const std::int16_t weights[] = {static_cast<std::int16_t>(weight), static_cast<std::int16_t>(one - weight)};
    std::vector<std::int16_t> first;
    for (const posewire::simd::Level level : posewire::simd::available_levels()) {
      std::vector<std::int16_t> blended(pairs);
      posewire::preprocess_kernels(level).blend_rows(rows, weights, 2, pairs, blended.data());
      REQUIRE(first.empty() || first == blended);
      first = blended;
    }
  }
}

TEST(test_preprocess_constant_image_stays_constant) {
  const std::vector<std::uint8_t> pixels(3 * 50 * 40, 100);
  Preprocessor preprocessor(posewire::simd::choose_level("auto"));
  const Normalisation how{{10.0F, 20.0F, 30.0F}, {1.0F, 0.5F, 2.0F}, -1.0F, false};
  for (const Size& valid : {Size{50, 40}, Size{13, 9}, Size{200, 111}}) {
    const std::vector<float> values = run(preprocessor, {pixels.data(), 50, 40, 150, 3, 1}, valid, how);
    const std::size_t plane = values.size() / 3;
    REQUIRE(values[0] > 89.99F && values[0] < 90.01F);
    REQUIRE(values[plane] > 39.99F && values[plane] < 40.01F);
    REQUIRE(values[2 * plane] > 139.99F && values[2 * plane] < 140.01F);
    REQUIRE(values.back() == -1.0F);
  }
}

TEST(test_preprocess_made_rows_equal_those_of_the_image_they_are_of) {
  const std::vector<std::uint8_t> pixels = random_pixels(61, 47);
  const std::array<std::ptrdiff_t, 2> corner{5, 3};
  const ImageView part{pixels.data() + corner[1] * 183 + corner[0] * 3, 40, 31, 183, 3, 1};
  int made = 0;
  const posewire::LazyImage image{5, 3, 40, 31, 61, [&](int row, const std::array<std::uint8_t*, 3>& channels) {
                                    ++made;
                                    for (std::size_t i = 0; i < 183; ++i) {
                                      channels.at(i % 3)[i / 3] = pixels[static_cast<std::size_t>(row) * 183 + i];
                                    }
                                  }};
  for (const Size& valid : {Size{1, 1}, Size{29, 22}, Size{8, 5}, Size{100, 90}}) {
    Preprocessor preprocessor(posewire::simd::choose_level("auto"));
    const std::vector<float> expected = run(preprocessor, part, valid, plain);
    std::vector<float> values(expected.size());
    made = 0;
    preprocessor.run(image, valid.first, valid.second, plain, {values.data(), valid.first + 3, valid.second + 2});
    REQUIRE(values == expected);
    REQUIRE(made <= 31);
  }
}

TEST(test_preprocess_reversed_channels_equal_swapped_planes) {
  const std::vector<std::uint8_t> pixels = random_pixels(31, 17);
  Preprocessor preprocessor(posewire::simd::choose_level("auto"));
  Normalisation swapped = plain;
  swapped.swap_red_blue = true;
  const std::vector<float> forwards = run(preprocessor, {pixels.data(), 31, 17, 93, 3, 1}, {20, 11}, plain);
  const std::vector<float> backwards = run(preprocessor, {pixels.data() + 2, 31, 17, 93, 3, -1}, {20, 11}, swapped);
  REQUIRE(forwards == backwards);
}

TEST(test_preprocess_one_channel_read_three_times_gives_equal_planes) {
  const std::vector<std::uint8_t> pixels = random_pixels(31, 17);
  Preprocessor preprocessor(posewire::simd::choose_level("auto"));
  const std::vector<float> values = run(preprocessor, {pixels.data(), 31, 17, 31, 1, 0}, {20, 11}, plain);
  const auto plane = static_cast<std::ptrdiff_t>(values.size() / 3);
  REQUIRE(std::vector<float>(values.begin(), values.begin() + plane) ==
          std::vector<float>(values.begin() + plane, values.begin() + 2 * plane));
}

TEST(test_preprocess_rows_of_channels_equal_rows_of_pixels) {
  const std::vector<std::uint8_t> pixels = random_pixels(131, 67);
  std::vector<std::uint8_t> channels(pixels.size());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    channels[(i / 393 * 3 + i % 3) * 131 + i % 393 / 3] = pixels[i];
  }
  for (const posewire::simd::Level level : posewire::simd::available_levels()) {
    Preprocessor preprocessor(level);
    for (const Size& valid : {Size{131, 67}, Size{90, 46}, Size{20, 10}, Size{200, 100}}) {
      REQUIRE(run(preprocessor, {pixels.data(), 131, 67, 393, 3, 1}, valid, plain) ==
              run(preprocessor, {channels.data(), 131, 67, 393, 1, 131}, valid, plain));
    }
  }
}
