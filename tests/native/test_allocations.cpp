#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include "check.h"
#include "paf/decoder.h"
#include "picture.h"
#include "simd/level.h"
#include "yuv/colour.h"
#include "yuv/converter.h"

namespace {

std::atomic<int> allocations{0};

}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) {
    return memory;
  }
  throw std::bad_alloc();
}

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size);
}

void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

TEST(test_allocations_second_frame_makes_none) {
  using namespace posewire;
  Picture picture(46, 82);
  picture.add_person(20.3F, 10.2F, 5.0F);
  picture.add_person(50.1F, 12.4F, 4.0F);
  const paf::Decoder decoder(Picture::skeleton(), paf::Algorithm::fast, {}, simd::choose_level("auto"));
  paf::Poses poses;
  decoder.decode(picture.heatmaps(), picture.pafs(), {656, 368}, {656, 368}, poses);
  REQUIRE(allocations.load() > 0);
  const int before = allocations.load();
  for (int frame = 0; frame < 100; ++frame) {
    decoder.decode(picture.heatmaps(), picture.pafs(), {656, 368}, {656, 368}, poses);
  }
  REQUIRE(allocations.load() == before);
  REQUIRE(poses.scores.size() == 2);
}

TEST(test_allocations_second_frame_of_planes_makes_none) {
  using namespace posewire;
  const std::vector<std::uint8_t> samples(640 * 480 * 3 / 2, 100);
  std::vector<std::uint8_t> bgr(640 * 480 * 3);
  const yuv::PlaneView luma{samples.data(), 640, 480, 640, 1};
  const yuv::PlaneView chroma{samples.data() + 640 * 480, 320, 240, 640, 2};
  yuv::Converter converter(simd::choose_level("auto"));
  for (const int reduction : {1, 2, 4, 8}) {
    converter.open({luma, chroma, chroma}, reduction, yuv::choose_colour("bt709", true));
    converter.read_all(yuv::Layout::pixels, bgr.data());
    const int before = allocations.load();
    converter.open({luma, chroma, chroma}, reduction, yuv::choose_colour("bt709", true));
    converter.read_all(yuv::Layout::pixels, bgr.data());
    REQUIRE(allocations.load() == before);
  }
  REQUIRE(bgr[0] == bgr[3]);
}
