#pragma once

#include <pybind11/pybind11.h>

namespace posewire::bindings {

// Each checks arguments, releases the GIL and calls a part of the core.
void bind_paf(pybind11::module_& module);
void bind_preprocess(pybind11::module_& module);
void bind_yuv(pybind11::module_& module);
void bind_predictor(pybind11::module_& module);

}  // namespace posewire::bindings
