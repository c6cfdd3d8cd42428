#include <string>

#include "bindings/bind.h"
#include "bindings/yuv_planes.h"
#include "yuv/colour.h"
#include "yuv/converter.h"

namespace posewire::bindings {
namespace {

using Layout = posewire::yuv::Layout;

// The output's layout, which its strides tell.
Layout layout_of(const ByteArray& output) {
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

void yuv_to_bgr(const ByteArray& y, const ByteArray& u, const ByteArray& v, ByteArray& output, int reduction,
                const std::string& matrix, bool full_range, const std::string& simd) {
  const ReducedPlanes source(y, u, v, reduction);
  require_shape(output, "output", {source.height(), source.width(), 3});
  const Layout layout = layout_of(output);
  const posewire::yuv::Colour colour = posewire::yuv::choose_colour(matrix, full_range);
  auto& converter = thread_worker<posewire::yuv::Converter>(posewire::simd::choose_level(simd));
  std::uint8_t* const bgr = output.mutable_data();
  const py::gil_scoped_release release;
  converter.open(source.planes, reduction, colour);
  converter.read_all(layout, bgr);
}

}  // namespace

void bind_yuv(py::module_& module) {
  module.def("yuv_to_bgr", &yuv_to_bgr, py::arg("y").noconvert(), py::arg("u").noconvert(), py::arg("v").noconvert(),
             py::arg("output").noconvert(), py::kw_only(), py::arg("reduction"), py::arg("matrix"),
             py::arg("full_range"), py::arg("simd") = "auto");
}

}  // namespace posewire::bindings
