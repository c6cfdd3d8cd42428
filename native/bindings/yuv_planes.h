#pragma once

#include <string>
#include <vector>

#include "bindings/arrays.h"
#include "yuv/block_row.h"

namespace posewire::bindings {

using ByteArray = py::array_t<std::uint8_t, 0>;

// Throws ValueError if an array has another shape.
void require_shape(const py::array& array, const std::string& name, const std::vector<py::ssize_t>& shape);

// Planes of 4:2:0 video and how far to reduce them, all checked.
struct ReducedPlanes {
  posewire::yuv::Planes planes;
  int reduction;

  ReducedPlanes(const ByteArray& y, const ByteArray& u, const ByteArray& v, int reduction);

  // The size of the reduced picture.
  int width() const { return (planes[0].width + reduction - 1) / reduction; }
  int height() const { return (planes[0].height + reduction - 1) / reduction; }
};

}  // namespace posewire::bindings
