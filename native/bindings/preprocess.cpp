#include <array>
#include <string>
#include <utility>

#include "bindings/arrays.h"
#include "bindings/bind.h"
#include "preprocess/preprocessor.h"

namespace posewire::bindings {
namespace {

posewire::ImageView image_view(const py::array_t<std::uint8_t, 0>& image) {
  if (image.ndim() != 3 || image.shape(0) < 1 || image.shape(1) < 1 || image.shape(2) != 3) {
    throw py::value_error("image must be (H, W, 3) with H, W >= 1, got " + std::string(py::str(image.attr("shape"))));
  }
  return {image.data(),
          static_cast<int>(image.shape(1)),
          static_cast<int>(image.shape(0)),
          image.strides(0),
          image.strides(1),
          image.strides(2)};
}

posewire::PlanesView planes_view(py::array_t<float, 0>& output) {
  if (output.ndim() != 3 || output.shape(0) != 3 || (output.flags() & py::array::c_style) == 0) {
    throw py::value_error("output must be (3, h, w) and C-contiguous, got " + shape_text(output));
  }
  return {output.mutable_data(), static_cast<int>(output.shape(2)), static_cast<int>(output.shape(1))};
}

void preprocess(const py::array_t<std::uint8_t, 0>& image, py::array_t<float, 0>& output,
                std::pair<int, int> size_valid, const std::array<float, 3>& mean, const std::array<float, 3>& scale,
                float pad, bool swap_red_blue, const std::string& simd) {
  const posewire::ImageView view = image_view(image);
  const posewire::PlanesView planes = planes_view(output);
  const auto [width, height] = size_valid;
  if (width < 1 || height < 1 || width > planes.width || height > planes.height) {
    throw py::value_error("size_valid must be from 1x1 to the output's " + std::to_string(planes.width) + "x" +
                          std::to_string(planes.height) + ", got " + std::to_string(width) + "x" +
                          std::to_string(height));
  }
  auto& preprocessor = thread_worker<posewire::Preprocessor>(posewire::simd::choose_level(simd));
  const py::gil_scoped_release release;
  preprocessor.run(view, width, height, {mean, scale, pad, swap_red_blue}, planes);
}

}  // namespace

void bind_preprocess(py::module_& module) {
  module.def("preprocess", &preprocess, py::arg("image").noconvert(), py::arg("output").noconvert(), py::kw_only(),
             py::arg("size_valid"), py::arg("mean"), py::arg("scale"), py::arg("pad"), py::arg("swap_red_blue"),
             py::arg("simd") = "auto");
}

}  // namespace posewire::bindings
