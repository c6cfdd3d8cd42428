#include <cstring>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "paf/decoder.h"
#include "picture.h"
#include "simd/level.h"

using posewire::paf::Algorithm;
using posewire::paf::Decoder;
using posewire::paf::Poses;
using posewire::simd::Level;

namespace {

Poses decode(const Picture& picture, int height, int width, Level level) {
  posewire::paf::Parameters parameters;
  parameters.fast.poses.keypoints_min = 2;
  parameters.fast.poses.score_min = 0.0F;
  const Decoder decoder(Picture::skeleton(), Algorithm::fast, parameters, level);
  Poses poses;
  decoder.decode(picture.heatmaps(), picture.pafs(), {width * 8, height * 8}, {width * 8, height * 8}, poses);
  return poses;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

}  // namespace

TEST(test_kernels_every_level_gives_the_same_bits) {
  const struct {
    int height;
    int width;
  } sizes[] = {{46, 82}, {2, 2}, {5, 3}, {17, 31}, {20, 18}, {33, 10}};
  for (const auto& size : sizes) {
    for (unsigned seed = 0; seed < 4; ++seed) {
      Picture picture(size.height, size.width);
      picture.fill_noise(seed, -0.2F, 0.8F);
      const Poses expected = decode(picture, size.height, size.width, Level::baseline);
      for (const Level level : posewire::simd::available_levels()) {
        const Poses poses = decode(picture, size.height, size.width, level);
        REQUIRE(same_bits(poses.keypoints, expected.keypoints));
        REQUIRE(same_bits(poses.scores, expected.scores));
      }
    }
  }
}

TEST(test_kernels_unknown_level_is_refused_by_name) {
  bool refused = false;
  try {
    posewire::simd::choose_level("sse9");
  } catch (const std::invalid_argument& error) {
    refused = std::strstr(error.what(), "sse9") != nullptr;
  }
  REQUIRE(refused);
}
