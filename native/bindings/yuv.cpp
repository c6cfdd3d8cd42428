#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bind.h"
#include "yuv/colour.h"
#include "yuv/converter.h"
#include "yuv/file.h"

namespace posewire::bindings {
namespace {

using ByteArray = py::array_t<std::uint8_t, 0>;
using PackedArray = py::array_t<std::uint8_t, py::array::c_style>;

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

std::uint8_t* reduced_output(PackedArray& output, int width, int height, int reduction) {
  if (reduction != 1 && reduction != 2 && reduction != 4 && reduction != 8) {
    throw py::value_error("reduction must be 1, 2, 4 or 8, got " + std::to_string(reduction));
  }
  require_shape(output, "output", {(height + reduction - 1) / reduction, (width + reduction - 1) / reduction, 3});
  return output.mutable_data();
}

void yuv_to_bgr(const ByteArray& y, const ByteArray& u, const ByteArray& v, PackedArray& output, int reduction,
                const std::string& matrix, bool full_range, const std::string& simd) {
  const posewire::yuv::PlaneView luma = plane_view(y, "y");
  require_shape(u, "u", {(luma.height + 1) / 2, (luma.width + 1) / 2});
  require_shape(v, "v", {(luma.height + 1) / 2, (luma.width + 1) / 2});
  std::uint8_t* const bgr = reduced_output(output, luma.width, luma.height, reduction);
  const std::array chroma{plane_view(u, "u"), plane_view(v, "v")};
  auto& converter = thread_worker<posewire::yuv::Converter>(posewire::simd::choose_level(simd));
  const py::gil_scoped_release release;
  converter.run(luma, chroma[0], chroma[1], reduction, posewire::yuv::choose_colour(matrix, full_range), bgr);
}

bool yuv_file_to_bgr(int descriptor, std::int64_t offset, std::pair<int, int> size, std::ptrdiff_t stride,
                     bool is_interleaved, PackedArray& output, int reduction, const std::string& matrix,
                     bool full_range, const std::string& simd) {
  const auto [width, height] = size;
  if (width < 2 || height < 2 || width % 2 != 0 || height % 2 != 0 || stride < width || stride % 2 != 0) {
    throw py::value_error("size and stride must be even and fit each other; got a stride of " + std::to_string(stride));
  }
  std::uint8_t* const bgr = reduced_output(output, width, height, reduction);
  const posewire::yuv::Colour colour = posewire::yuv::choose_colour(matrix, full_range);
  auto& converter = thread_worker<posewire::yuv::FileConverter>(posewire::simd::choose_level(simd));
  const py::gil_scoped_release release;
  return converter.run({descriptor, offset, width, height, stride, is_interleaved}, reduction, colour, bgr);
}

}  // namespace

void bind_yuv(py::module_& module) {
  module.def("yuv_to_bgr", &yuv_to_bgr, py::arg("y").noconvert(), py::arg("u").noconvert(), py::arg("v").noconvert(),
             py::arg("output").noconvert(), py::kw_only(), py::arg("reduction"), py::arg("matrix"),
             py::arg("full_range"), py::arg("simd") = "auto");
  module.def("yuv_file_to_bgr", &yuv_file_to_bgr, py::arg("descriptor"), py::arg("offset"), py::kw_only(),
             py::arg("size"), py::arg("stride"), py::arg("is_interleaved"), py::arg("output").noconvert(),
             py::arg("reduction"), py::arg("matrix"), py::arg("full_range"), py::arg("simd") = "auto");
}

}  // namespace posewire::bindings
