#include <cmath>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.h"
#include "paf/decoder.h"
#include "picture.h"
#include "simd/level.h"

using posewire::paf::Algorithm;
using posewire::paf::Decoder;
using posewire::paf::Poses;

namespace {

Decoder make(Algorithm algorithm) {
  return Decoder(Picture::skeleton(), algorithm, {}, posewire::simd::choose_level("auto"));
}

Poses decode(const Decoder& decoder, const Picture& picture, int height, int width) {
  Poses poses;
  decoder.decode(picture.heatmaps(), picture.pafs(), {width * 8, height * 8}, {width * 8, height * 8}, poses);
  return poses;
}

constexpr Algorithm algorithms[] = {Algorithm::fast, Algorithm::openpose, Algorithm::paddlehub};

}  // namespace

TEST(test_decoder_two_people_are_found_where_they_stand) {
  for (const Algorithm algorithm : algorithms) {
    Picture picture(46, 82);
    picture.add_person(20.3F, 10.2F, 5.0F);
    picture.add_person(50.1F, 12.4F, 4.0F);
    const Decoder decoder = make(algorithm);
    const Poses poses = decode(decoder, picture, 46, 82);
    REQUIRE(poses.scores.size() == 2);
    REQUIRE(poses.scores[0] >= poses.scores[1]);
    for (std::size_t p = 0; p < 2; ++p) {
      const float* first = &poses.keypoints[p * Picture::keypoints * 3];
      const bool is_left = first[0] < 300.0F;
      REQUIRE(std::abs(first[0] - ((is_left ? 20.3F : 50.1F) + 0.5F) * 8.0F) < 1.0F);
      REQUIRE(std::abs(first[1] - ((is_left ? 10.2F : 12.4F) + 0.5F) * 8.0F) < 1.0F);
    }
  }
}

// The systems that openpose and paddlehub follow see a peak in every tie; what matters is that it ends.
TEST(test_decoder_constant_maps_give_no_poses) {
  for (const Algorithm algorithm : algorithms) {
    Picture picture(24, 30);
    picture.fill(0.5F);
    const std::size_t found = decode(make(algorithm), picture, 24, 30).scores.size();
    REQUIRE(found <= (algorithm == Algorithm::fast ? 0U : 256U));
  }
}

TEST(test_decoder_not_finite_maps_give_finite_poses) {
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::max()};
  for (const Algorithm algorithm : algorithms) {
    for (const float value : bad) {
      Picture picture(24, 30);
      picture.fill_noise(3, -0.5F, 1.0F);
      for (int channel = 0; channel < 13; ++channel) {
        for (int cell = 0; cell < 12; ++cell) {
          picture.at(channel, 2 * cell, (5 * cell + channel) % 30) = value;
        }
      }
      const Poses poses = decode(make(algorithm), picture, 24, 30);
      for (const float score : poses.scores) {
        REQUIRE(std::isfinite(score));
      }
      for (std::size_t i = 0; i < poses.keypoints.size(); i += 3) {
        const bool found = poses.keypoints[i + 2] != 0.0F;
        REQUIRE(std::isfinite(poses.keypoints[i + 2]));
        REQUIRE(!found || (std::isfinite(poses.keypoints[i]) && std::isfinite(poses.keypoints[i + 1])));
      }
    }
  }
}

TEST(test_decoder_maps_of_all_nan_give_no_poses) {
  for (const Algorithm algorithm : algorithms) {
    Picture picture(24, 30);
    picture.fill(std::numeric_limits<float>::quiet_NaN());
    REQUIRE(decode(make(algorithm), picture, 24, 30).scores.empty());
  }
}

TEST(test_decoder_maps_under_two_cells_give_no_poses) {
  for (const Algorithm algorithm : algorithms) {
    for (const int height : {0, 1}) {
      Picture picture(height, 9);
      picture.fill(0.5F);
      Poses poses;
      make(algorithm).decode(picture.heatmaps(), picture.pafs(), {72, 8}, {72, 8}, poses);
      REQUIRE(poses.scores.empty());
    }
  }
}

TEST(test_decoder_thousands_of_peaks_end) {
  Picture picture(92, 164);
  for (int channel = 0; channel < 13; ++channel) {
    for (int y = 0; y < 92; y += 2) {
      for (int x = 0; x < 164; x += 2) {
        picture.at(channel, y, x) = 0.6F + 0.001F * static_cast<float>((7 * x + 3 * y) % 97);
      }
    }
  }
  const Poses poses = decode(make(Algorithm::fast), picture, 92, 164);
  REQUIRE(poses.scores.size() <= 256U * Picture::keypoints);
}

TEST(test_decoder_dense_links_end) {
  Picture picture(92, 164);
  picture.fill(0.0F);
  for (int channel = 0; channel < 13; ++channel) {
    for (int y = 0; y < 92; ++y) {
      for (int x = 0; x < 164; ++x) {
        const bool is_peak = x % 4 == 1 && y % 4 == 1;
        picture.at(channel, y, x) = channel >= Picture::keypoints ? 1.0F : (is_peak ? 0.9F : 0.0F);
      }
    }
  }
  const Poses poses = decode(make(Algorithm::fast), picture, 92, 164);
  REQUIRE(poses.scores.size() <= 256U * Picture::keypoints);
}

TEST(test_decoder_two_hundred_people_are_all_found) {
  Picture picture(200, 160);
  for (int i = 0; i < 200; ++i) {
    picture.add_person(static_cast<float>(i % 20) * 8.0F + 3.2F, static_cast<float>(i / 20) * 20.0F + 1.7F, 4.0F);
  }
  REQUIRE(decode(make(Algorithm::fast), picture, 200, 160).scores.size() == 200);
}

TEST(test_decoder_wrong_channels_are_refused_with_both_counts) {
  const Picture picture(20, 20);
  posewire::paf::Maps heatmaps = picture.heatmaps();
  heatmaps.channels = 3;
  bool refused = false;
  try {
    Poses poses;
    make(Algorithm::fast).decode(heatmaps, picture.pafs(), {160, 160}, {160, 160}, poses);
  } catch (const std::invalid_argument& error) {
    const std::string text = error.what();
    refused = text.find("at least 5") != std::string::npos && text.find("got 3") != std::string::npos;
  }
  REQUIRE(refused);
}

TEST(test_decoder_four_threads_give_the_answers_of_one) {
  const Decoder decoder = make(Algorithm::fast);
  std::vector<Picture> pictures;
  std::vector<Poses> expected;
  for (unsigned seed = 0; seed < 4; ++seed) {
    Picture& picture = pictures.emplace_back(46, 82);
    picture.fill_noise(seed, -0.3F, 0.5F);
    for (unsigned person = 0; person <= seed; ++person) {
      picture.add_person(8.3F + 15.0F * static_cast<float>(person), 6.1F, 5.0F);
    }
    expected.push_back(decode(decoder, picture, 46, 82));
  }
  std::vector<int> equal(4, 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        const Poses poses = decode(decoder, pictures[i], 46, 82);
        equal[i] +=
            poses.scores == expected[i].scores && poses.keypoints.size() == expected[i].keypoints.size() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const int count : equal) {
    REQUIRE(count == 50);
  }
}
