// Calls Paddle Inference without its headers, so that the caller may give up Python's lock.
#pragma once

#include <typeinfo>

namespace posewire {

// `bool paddle_infer::Predictor::Run()` as a plain function of the object, as the Itanium C++ ABI has it.
using PredictorRun = bool (*)(void* predictor);

// Looks the function up in a library that this process has loaded already.
// Returns nullptr if the library is not loaded, or is another Paddle without this symbol.
PredictorRun find_predictor_run(const char* library_path);

// The type whose pointers `PredictorRun` takes, to be asked for by pybind11's conduit protocol.
const std::type_info& predictor_type();

}  // namespace posewire
