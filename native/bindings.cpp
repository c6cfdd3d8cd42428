// The only file that includes pybind11: it checks arguments, releases the GIL and calls the core.
#include <pybind11/pybind11.h>

#include "version.h"

PYBIND11_MODULE(_native, module) {
  module.doc() = "Hot paths of posewire_server; use posewire_server.decode and posewire_server.transform instead.";
  module.def("core_version", &posewire::core_version);
}
