#include "predictor_run.h"

#include <typeinfo>

#ifndef _WIN32
#include <dlfcn.h>
#endif

// Stands for Paddle's own class: only its name matters, for std::type_info compares names.
namespace paddle_infer {
class Predictor {};  // NOLINT(misc-use-internal-linkage)
}  // namespace paddle_infer

namespace posewire {

const std::type_info& predictor_type() { return typeid(paddle_infer::Predictor); }

#ifdef _WIN32

PredictorRun find_predictor_run(const char*) { return nullptr; }

#else

PredictorRun find_predictor_run(const char* library_path) {
  void* library = dlopen(library_path, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) {
    return nullptr;
  }
  void* symbol = dlsym(library, "_ZN12paddle_infer9Predictor3RunEv");
  dlclose(library);  // Python holds the library; only the count of this dlopen is given back.
  return reinterpret_cast<PredictorRun>(symbol);
}

#endif

}  // namespace posewire
