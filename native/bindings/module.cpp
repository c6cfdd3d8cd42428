// Only the files of this folder include pybind11.
#include <pybind11/pybind11.h>

#include "bindings/bind.h"

PYBIND11_MODULE(_native, module) {
  module.doc() = "Hot paths of posewire_server; use its packages decode and images instead.";
  posewire::bindings::bind_predictor(module);
  posewire::bindings::bind_paf(module);
  posewire::bindings::bind_preprocess(module);
  posewire::bindings::bind_yuv(module);
}
