#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "simd/level.h"

namespace posewire::bindings {

namespace py = pybind11;

// The shape and type of an array, for errors.
inline std::string shape_text(const py::array& array) {
  std::string text = "(";
  for (py::ssize_t i = 0; i < array.ndim(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(array.shape(i));
  }
  return text + ") " + py::str(static_cast<py::object>(array.dtype())).cast<std::string>();
}

// A thread keeps one worker for each dispatch level it used, and with it its memory.
template <typename Worker>
Worker& thread_worker(posewire::simd::Level level) {
  thread_local std::array<std::unique_ptr<Worker>, 3> workers;
  auto& worker = workers.at(static_cast<std::size_t>(level));
  if (!worker) {
    worker = std::make_unique<Worker>(level);
  }
  return *worker;
}

}  // namespace posewire::bindings
