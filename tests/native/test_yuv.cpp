#include <cstddef>
#include <cstdint>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "check.h"
#include "simd/level.h"
#include "yuv/colour.h"
#include "yuv/converter.h"

using posewire::yuv::choose_colour;
using posewire::yuv::Converter;
using posewire::yuv::Layout;
using posewire::yuv::PlaneView;
using Bytes = std::vector<std::uint8_t>;

namespace {

struct Planes {
  int width;
  int height;
  Bytes luma;
  Bytes chroma;  // interleaved, as in NV12

  PlaneView y() const { return {luma.data(), width, height, width, 1}; }
  PlaneView u() const { return half(0); }
  PlaneView v() const { return half(1); }

 private:
  PlaneView half(int first) const {
    const int columns = (width + 1) / 2;
    return {chroma.data() + first, columns, (height + 1) / 2, 2 * static_cast<std::ptrdiff_t>(columns), 2};
  }
};

Planes random_planes(int width, int height) {
  std::mt19937 random(5);
  const auto bytes = [&random](int columns, int rows) {
    Bytes result(static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows));
    for (std::uint8_t& value : result) {
      value = static_cast<std::uint8_t>(random());
    }
    return result;
  };
  return {width, height, bytes(width, height), bytes(2 * ((width + 1) / 2), (height + 1) / 2)};
}

Bytes run(Converter& converter, const Planes& planes, int reduction, Layout layout = Layout::pixels) {
  const int width = (planes.width + reduction - 1) / reduction;
  const int height = (planes.height + reduction - 1) / reduction;
  Bytes bgr(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  converter.open({planes.y(), planes.u(), planes.v()}, reduction, choose_colour("bt601", false));
  converter.read_all(layout, bgr.data());
  return bgr;
}

}  // namespace

TEST(test_yuv_every_size_stays_in_bounds_and_is_equal_on_every_level) {
  const std::vector<std::pair<int, int>> sizes{{1, 1},  {2, 1},    {1, 2},    {3, 5},
                                               {17, 9}, {640, 48}, {4001, 1}, {1, 4001}};
  for (const auto& [width, height] : sizes) {
    const Planes planes = random_planes(width, height);
    for (const int reduction : {1, 2, 4, 8}) {
      Bytes first;
      for (const posewire::simd::Level level : posewire::simd::available_levels()) {
        Converter converter(level);
        const Bytes bgr = run(converter, planes, reduction);
        REQUIRE(first.empty() || first == bgr);
        first = bgr;
      }
    }
  }
}

TEST(test_yuv_black_and_white_are_exact_at_every_reduction) {
  Converter converter(posewire::simd::choose_level("auto"));
  for (const auto& [luma, expected] : {std::pair{16, 0}, std::pair{235, 255}, std::pair{0, 0}, std::pair{255, 255}}) {
    const Planes planes{21, 13, Bytes(21 * 13, static_cast<std::uint8_t>(luma)), Bytes(22 * 7, 128)};
    for (const int reduction : {1, 2, 4, 8}) {
      for (const std::uint8_t value : run(converter, planes, reduction)) {
        REQUIRE(value == expected);
      }
    }
  }
}

TEST(test_yuv_of_changing_sizes_forgets_the_one_before) {
  Converter kept(posewire::simd::choose_level("auto"));
  for (const auto& [width, height, reduction] :
       {std::tuple{300, 200, 1}, std::tuple{31, 17, 4}, std::tuple{500, 3, 8}, std::tuple{300, 200, 1}}) {
    const Planes planes = random_planes(width, height);
    Converter fresh(posewire::simd::choose_level("auto"));
    REQUIRE(run(kept, planes, reduction) == run(fresh, planes, reduction));
  }
}

TEST(test_yuv_rows_of_channels_have_the_colours_of_rows_of_pixels) {
  for (const posewire::simd::Level level : posewire::simd::available_levels()) {
    Converter converter(level);
    const Planes planes = random_planes(331, 20);
    for (const int reduction : {1, 2, 4, 8}) {
      const Bytes pixels = run(converter, planes, reduction);
      const Bytes channels = run(converter, planes, reduction, Layout::channels);
      const std::size_t width = (331 + static_cast<std::size_t>(reduction) - 1) / static_cast<std::size_t>(reduction);
      for (std::size_t i = 0; i < pixels.size(); ++i) {
        const std::size_t row = i / (3 * width);
        const std::size_t x = i % (3 * width) / 3;
        REQUIRE(pixels[i] == channels[(3 * row + i % 3) * width + x]);
      }
    }
  }
}

TEST(test_yuv_interleaved_chroma_equals_planar) {
  Converter converter(posewire::simd::choose_level("auto"));
  const Planes planes = random_planes(333, 37);
  Bytes u;
  Bytes v;
  for (std::size_t i = 0; i < planes.chroma.size(); i += 2) {
    u.push_back(planes.chroma[i]);
    v.push_back(planes.chroma[i + 1]);
  }
  for (const int reduction : {1, 2, 4, 8}) {
    const Bytes expected = run(converter, planes, reduction);
    Bytes bgr(expected.size());
    converter.open({planes.y(), {u.data(), 167, 19, 167, 1}, {v.data(), 167, 19, 167, 1}}, reduction,
                   choose_colour("bt601", false));
    converter.read_all(Layout::pixels, bgr.data());
    REQUIRE(bgr == expected);
  }
}
