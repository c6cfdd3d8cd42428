#include "bindings/yuv_planes.h"

namespace posewire::bindings {
namespace {

posewire::yuv::PlaneView plane_view(const ByteArray& plane, const std::string& name) {
  if (plane.ndim() != 2 || plane.shape(0) < 1 || plane.shape(1) < 1) {
    throw py::value_error(name + " must be (H, W) with H, W >= 1, got " + shape_text(plane));
  }
  return {plane.data(), static_cast<int>(plane.shape(1)), static_cast<int>(plane.shape(0)), plane.strides(0),
          plane.strides(1)};
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

}  // namespace posewire::bindings
