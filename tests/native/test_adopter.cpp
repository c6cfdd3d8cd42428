#include <cmath>
#include <cstddef>

#include "check.h"
#include "paf/decoder.h"
#include "picture.h"
#include "simd/level.h"

using posewire::paf::Poses;

namespace {

constexpr int hidden = 3;  // the keypoint whose peak and limbs are missing, which cuts off the last one
constexpr int last = Picture::keypoints - 1;
constexpr float step = 5.0F;
constexpr int height = 46;
constexpr int width = 82;

void scale(Picture& picture, int channel, float factor) {
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      picture.at(channel, row, column) *= factor;
    }
  }
}

void hide(Picture& picture) {
  scale(picture, hidden, 0.0F);
  for (int limb = hidden - 1; limb <= hidden; ++limb) {
    scale(picture, Picture::keypoints + 2 * limb + 1, 0.0F);
  }
}

Poses decode(const Picture& picture, bool with_lengths = true) {
  posewire::paf::Skeleton skeleton = Picture::skeleton();
  if (with_lengths) {
    skeleton.lengths.assign(skeleton.limbs.size(), 0.2F);
  }
  posewire::paf::Parameters parameters;
  parameters.fast.poses.keypoints_min = hidden;
  const posewire::paf::Decoder decoder(skeleton, posewire::paf::Algorithm::fast, parameters,
                                       posewire::simd::choose_level("auto"));
  Poses poses;
  decoder.decode(picture.heatmaps(), picture.pafs(), {656, 368}, {656, 368}, poses);
  return poses;
}

bool has(const Poses& poses, std::size_t pose, std::size_t keypoint) {
  return !std::isnan(poses.keypoints[3 * (pose * Picture::keypoints + keypoint)]);
}

}  // namespace

TEST(test_adoption_stray_within_reach_joins_its_pose) {
  Picture picture(height, width);
  picture.add_person(20.0F, 10.0F, step);
  hide(picture);
  const Poses poses = decode(picture);
  REQUIRE(poses.scores.size() == 1);
  REQUIRE(!has(poses, 0, hidden));
  REQUIRE(has(poses, 0, last));
  REQUIRE(!has(decode(picture, false), 0, last));
}

TEST(test_adoption_stray_out_of_reach_stays_alone) {
  Picture picture(height, width);
  picture.add_person(20.0F, 10.0F, step);
  hide(picture);
  scale(picture, last, 0.0F);
  picture.add_peak(last, 60.0F, 30.0F, 1.0F);
  REQUIRE(!has(decode(picture), 0, last));
}

TEST(test_adoption_stray_between_two_poses_stays_alone) {
  Picture picture(height, width);
  picture.add_person(20.0F, 10.0F, step);
  picture.add_person(32.0F, 10.0F, step);
  hide(picture);
  scale(picture, last, 0.0F);
  picture.add_peak(last, 26.0F, 26.0F, 1.0F);
  const Poses poses = decode(picture);
  REQUIRE(poses.scores.size() == 2);
  REQUIRE(!has(poses, 0, last));
  REQUIRE(!has(poses, 1, last));
}

TEST(test_adoption_weak_stray_stays_alone) {
  Picture picture(height, width);
  picture.add_person(20.0F, 10.0F, step);
  hide(picture);
  scale(picture, last, 0.12F);
  REQUIRE(!has(decode(picture), 0, last));
}
