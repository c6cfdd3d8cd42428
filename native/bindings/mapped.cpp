#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <sys/mman.h>

#include <cstdint>
#include <memory>

#include "bindings/bind.h"

namespace posewire::bindings {
namespace {

namespace py = pybind11;

struct Mapping {
  void* begin;
  std::size_t size;

  ~Mapping() { munmap(begin, size); }
};

py::array map_file(int descriptor, std::size_t size) {
  void* const begin = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (begin == MAP_FAILED) {
    PyErr_SetFromErrno(PyExc_OSError);
    throw py::error_already_set();
  }
  auto mapping = std::unique_ptr<Mapping>(new Mapping{begin, size});
  const py::capsule owner(mapping.get(), [](void* owned) { delete static_cast<Mapping*>(owned); });
  mapping.release();
  py::array_t<std::uint8_t> bytes(static_cast<py::ssize_t>(size), static_cast<std::uint8_t*>(begin), owner);
  bytes.attr("setflags")(py::arg("write") = false);
  return bytes;
}

}  // namespace

void bind_mapped(py::module_& module) { module.def("map_file", &map_file, py::arg("descriptor"), py::arg("size")); }

}  // namespace posewire::bindings
