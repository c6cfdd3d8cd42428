#include "bindings/yuv_planes.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace posewire::bindings {
namespace {

posewire::yuv::PlaneView plane_view(const ByteArray& plane, const std::string& name) {
  if (plane.ndim() != 2 || plane.shape(0) < 1 || plane.shape(1) < 1) {
    throw py::value_error(name + " must be (H, W) with H, W >= 1, got " + shape_text(plane));
  }
  return {plane.data(), static_cast<int>(plane.shape(1)), static_cast<int>(plane.shape(0)), plane.strides(0),
          plane.strides(1)};
}

// The bytes that some planes lie in.
std::pair<const std::uint8_t*, const std::uint8_t*> extent(const posewire::yuv::Planes& planes) {
  auto [begin, end] = std::pair(planes[0].samples, planes[0].samples + 1);
  for (const posewire::yuv::PlaneView& plane : planes) {
    const std::ptrdiff_t steps[] = {(plane.height - 1) * plane.row_stride, (plane.width - 1) * plane.pixel_stride};
    for (const std::ptrdiff_t offset : {std::ptrdiff_t{0}, steps[0], steps[1], steps[0] + steps[1]}) {
      begin = std::min(begin, plane.samples + offset);
      end = std::max(end, plane.samples + offset + 1);
    }
  }
  return {begin, end};
}

}  // namespace

void require_shape(const py::array& array, const std::string& name, const std::vector<py::ssize_t>& shape) {
  if (std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim()) != shape) {
    throw py::value_error(name + " must be " + std::string(py::str(py::tuple(py::cast(shape)))) + ", got " +
                          shape_text(array));
  }
}

ReducedPlanes::ReducedPlanes(const ByteArray& y, const ByteArray& u, const ByteArray& v, int reduction)
    : planes{plane_view(y, "y")}, reduction(reduction) {
  require_shape(u, "u", {(planes[0].height + 1) / 2, (planes[0].width + 1) / 2});
  require_shape(v, "v", {(planes[0].height + 1) / 2, (planes[0].width + 1) / 2});
  planes[1] = plane_view(u, "u");
  planes[2] = plane_view(v, "v");
  if (reduction != 1 && reduction != 2 && reduction != 4 && reduction != 8) {
    throw py::value_error("reduction must be 1, 2, 4 or 8, got " + std::to_string(reduction));
  }
}

void ReducedPlanes::guard(std::optional<posewire::MappedRead>& read) const {
  const auto [begin, end] = extent(planes);
  read.emplace(begin, static_cast<std::size_t>(end - begin));
}

}  // namespace posewire::bindings
