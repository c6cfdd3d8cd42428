#include <array>
#include <string>
#include <utility>

#include "bindings/arrays.h"
#include "bindings/bind.h"
#include "bindings/yuv_planes.h"
#include "preprocess/preprocessor.h"
#include "yuv/colour.h"
#include "yuv/converter.h"

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

posewire::TensorView planes_view(py::array_t<float, 0>& output) {
  if (output.ndim() != 3 || output.shape(0) != 3 || (output.flags() & py::array::c_style) == 0) {
    throw py::value_error("output must be (3, h, w) and C-contiguous, got " + shape_text(output));
  }
  return {output.mutable_data(), static_cast<int>(output.shape(2)), static_cast<int>(output.shape(1))};
}

void require_size_valid(std::pair<int, int> size_valid, const posewire::TensorView& planes) {
  const auto [width, height] = size_valid;
  if (width < 1 || height < 1 || width > planes.width || height > planes.height) {
    throw py::value_error("size_valid must be from 1x1 to the output's " + std::to_string(planes.width) + "x" +
                          std::to_string(planes.height) + ", got " + std::to_string(width) + "x" +
                          std::to_string(height));
  }
}

void preprocess(const py::array_t<std::uint8_t, 0>& image, py::array_t<float, 0>& output,
                std::pair<int, int> size_valid, const std::array<float, 3>& mean, const std::array<float, 3>& scale,
                float pad, bool swap_red_blue, const std::string& simd) {
  const posewire::ImageView view = image_view(image);
  const posewire::TensorView planes = planes_view(output);
  require_size_valid(size_valid, planes);
  auto& preprocessor = thread_worker<posewire::Preprocessor>(posewire::simd::choose_level(simd));
  const py::gil_scoped_release release;
  preprocessor.run(view, size_valid.first, size_valid.second, {mean, scale, pad, swap_red_blue}, planes);
}

// left, top, width, height of a part of a picture.
using Part = std::array<int, 4>;

void require_part(const Part& part, const ReducedPlanes& picture) {
  const auto [left, top, width, height] = part;
  if (left < 0 || top < 0 || width < 1 || height < 1 || width > picture.width() - left ||
      height > picture.height() - top) {
    throw py::value_error("part must lie in the picture of " + std::to_string(picture.width()) + "x" +
                          std::to_string(picture.height()) + ", got " + std::string(py::str(py::cast(part))));
  }
}

void preprocess_yuv(const ByteArray& y, const ByteArray& u, const ByteArray& v, py::array_t<float, 0>& output,
                    int reduction, const std::string& matrix, bool full_range, const Part& part,
                    std::pair<int, int> size_valid, const std::array<float, 3>& mean, const std::array<float, 3>& scale,
                    float pad, bool swap_red_blue, const std::string& simd) {
  const ReducedPlanes source(y, u, v, reduction);
  require_part(part, source);
  const posewire::TensorView planes = planes_view(output);
  require_size_valid(size_valid, planes);
  const posewire::simd::Level level = posewire::simd::choose_level(simd);
  auto& converter = thread_worker<posewire::yuv::Converter>(level);
  auto& preprocessor = thread_worker<posewire::Preprocessor>(level);
  converter.open(source.planes, reduction, posewire::yuv::choose_colour(matrix, full_range));
  const auto make = [&converter](int row, const posewire::yuv::Channels& channels) { converter.read(row, channels); };
  const auto [left, top, width, height] = part;
  const posewire::LazyImage image{left, top, width, height, source.width(), make};
  const py::gil_scoped_release release;
  preprocessor.run(image, size_valid.first, size_valid.second, {mean, scale, pad, swap_red_blue}, planes);
}

}  // namespace

void bind_preprocess(py::module_& module) {
  module.def("preprocess", &preprocess, py::arg("image").noconvert(), py::arg("output").noconvert(), py::kw_only(),
             py::arg("size_valid"), py::arg("mean"), py::arg("scale"), py::arg("pad"), py::arg("swap_red_blue"),
             py::arg("simd") = "auto");
  module.def("preprocess_yuv", &preprocess_yuv, py::arg("y").noconvert(), py::arg("u").noconvert(),
             py::arg("v").noconvert(), py::arg("output").noconvert(), py::kw_only(), py::arg("reduction"),
             py::arg("matrix"), py::arg("full_range"), py::arg("part"), py::arg("size_valid"), py::arg("mean"),
             py::arg("scale"), py::arg("pad"), py::arg("swap_red_blue"), py::arg("simd") = "auto");
}

}  // namespace posewire::bindings
