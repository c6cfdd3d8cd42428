#include <cmath>
#include <limits>

#include "check.h"
#include "paf/peak_finder.h"
#include "picture.h"
#include "simd/level.h"

using posewire::paf::PeakFinder;
using posewire::paf::Peaks;

namespace {

Peaks find(const Picture& picture, int per_keypoint = 256) {
  Peaks peaks;
  PeakFinder finder;
  finder.find(picture.heatmaps(), 1, {0.1F, per_keypoint},
              posewire::simd::kernels(posewire::simd::choose_level("auto")), peaks);
  return peaks;
}

}  // namespace

TEST(test_peaks_gaussian_between_cells_found_within_a_thousandth) {
  Picture picture(20, 30);
  picture.add_peak(0, 12.3F, 7.8F, 0.9F);
  const Peaks peaks = find(picture);
  REQUIRE(peaks.count[0] == 1);
  REQUIRE(std::abs(peaks.x[0] - 12.3F) < 1e-3F);
  REQUIRE(std::abs(peaks.y[0] - 7.8F) < 1e-3F);
}

TEST(test_peaks_two_equal_cells_give_one_peak) {
  Picture picture(9, 40);
  picture.at(0, 4, 5) = picture.at(0, 4, 6) = 0.5F;
  REQUIRE(find(picture).count[0] == 1);
}

TEST(test_peaks_constant_map_gives_at_most_one_peak) {
  Picture picture(46, 82);
  picture.fill(0.5F);
  REQUIRE(find(picture).count[0] <= 1);
}

TEST(test_peaks_corner_of_map_is_a_legal_peak) {
  Picture picture(10, 10);
  picture.at(0, 0, 0) = 0.8F;
  picture.at(0, 9, 9) = 0.7F;
  const Peaks peaks = find(picture);
  REQUIRE(peaks.count[0] == 2);
  REQUIRE(peaks.x[0] == 0.0F && peaks.y[0] == 0.0F);
  REQUIRE(peaks.x[1] == 9.0F && peaks.y[1] == 9.0F);
}

TEST(test_peaks_not_finite_cells_are_no_peaks) {
  Picture picture(12, 12);
  picture.at(0, 3, 3) = std::numeric_limits<float>::infinity();
  picture.at(0, 8, 8) = std::numeric_limits<float>::quiet_NaN();
  picture.at(0, 8, 7) = 0.9F;
  REQUIRE(find(picture).count[0] == 0);
}

TEST(test_peaks_two_cells_apart_across_a_corner_are_both_found) {
  Picture picture(20, 20);
  picture.add_peak(0, 8.0F, 8.0F, 1.0F);
  picture.add_peak(0, 9.3F, 9.3F, 0.95F);
  REQUIRE(find(picture).count[0] == 2);
}

TEST(test_peaks_more_than_allowed_keeps_the_highest) {
  Picture picture(60, 90);
  float height = 0.2F;
  for (int y = 1; y < 60; y += 2) {
    for (int x = 1; x < 90; x += 2) {
      picture.at(0, y, x) = height;
      height += 0.0005F;
    }
  }
  const Peaks peaks = find(picture, 100);
  REQUIRE(peaks.count[0] == 100);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(peaks.score[i] > height - 100.5F * 0.0005F);
  }
}
