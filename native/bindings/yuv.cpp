#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bind.h"
#include "mapped_read.h"
#include "yuv/colour.h"
#include "yuv/converter.h"

namespace posewire::bindings {
namespace {

using ByteArray = py::array_t<std::uint8_t, 0>;
using Layout = posewire::yuv::Layout;

posewire::yuv::PlaneView plane_view(const ByteArray& plane, const std::string& name) {
  if (plane.ndim() != 2 || plane.shape(0) < 1 || plane.shape(1) < 1) {
    throw py::value_error(name + " must be (H, W) with H, W >= 1, got " + shape_text(plane));
  }
  return {plane.data(), static_cast<int>(plane.shape(1)), static_cast<int>(plane.shape(0)), plane.strides(0),
          plane.strides(1)};
}

void require_shape(const py::array& array, const std::string& name, const std::vector<py::ssize_t>& shape) {
  if (std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim()) != shape) {
    throw py::value_error(name + " must be " + std::string(py::str(py::tuple(py::cast(shape)))) + ", got " +
                          shape_text(array));
  }
}

// The output's layout, which its strides tell.
Layout reduced_layout(const ByteArray& output, int width, int height, int reduction) {
  if (reduction != 1 && reduction != 2 && reduction != 4 && reduction != 8) {
    throw py::value_error("reduction must be 1, 2, 4 or 8, got " + std::to_string(reduction));
  }
  require_shape(output, "output", {(height + reduction - 1) / reduction, (width + reduction - 1) / reduction, 3});
  const py::ssize_t columns = output.shape(1);
  const bool is_row_packed = output.shape(0) == 1 || output.strides(0) == 3 * columns;
  if (is_row_packed && output.strides(1) == 3 && output.strides(2) == 1) {
    return Layout::pixels;
  }
  if (is_row_packed && output.strides(1) == 1 && output.strides(2) == columns) {
    return Layout::channels;
  }
  throw py::value_error("output must be rows of pixels or rows of channels, without gaps");
}

// The bytes that some planes lie in.
std::pair<const std::uint8_t*, const std::uint8_t*> extent(const std::array<posewire::yuv::PlaneView, 3>& planes) {
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

bool yuv_to_bgr(const ByteArray& y, const ByteArray& u, const ByteArray& v, ByteArray& output, int reduction,
                const std::string& matrix, bool full_range, bool mapped, const std::string& simd) {
  const posewire::yuv::PlaneView luma = plane_view(y, "y");
  require_shape(u, "u", {(luma.height + 1) / 2, (luma.width + 1) / 2});
  require_shape(v, "v", {(luma.height + 1) / 2, (luma.width + 1) / 2});
  const Layout layout = reduced_layout(output, luma.width, luma.height, reduction);
  const std::array planes{luma, plane_view(u, "u"), plane_view(v, "v")};
  const posewire::yuv::Colour colour = posewire::yuv::choose_colour(matrix, full_range);
  auto& converter = thread_worker<posewire::yuv::Converter>(posewire::simd::choose_level(simd));
  std::uint8_t* const bgr = output.mutable_data();
  const py::gil_scoped_release release;
  std::optional<posewire::MappedRead> read;
  if (mapped) {
    const auto [begin, end] = extent(planes);
    read.emplace(begin, static_cast<std::size_t>(end - begin));
  }
  converter.run(planes[0], planes[1], planes[2], reduction, colour, layout, bgr);
  return !read || read->is_whole();
}

}  // namespace

void bind_yuv(py::module_& module) {
  module.def("yuv_to_bgr", &yuv_to_bgr, py::arg("y").noconvert(), py::arg("u").noconvert(), py::arg("v").noconvert(),
             py::arg("output").noconvert(), py::kw_only(), py::arg("reduction"), py::arg("matrix"),
             py::arg("full_range"), py::arg("mapped") = false, py::arg("simd") = "auto");
}

}  // namespace posewire::bindings
