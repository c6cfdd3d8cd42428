#include <string>
#include <typeinfo>

#include "bindings/arrays.h"
#include "bindings/bind.h"
#include "predictor_run.h"

namespace posewire::bindings {
namespace {

// A predictor of Paddle Inference that can run without Python's lock; both null if it cannot.
struct PaddlePredictor {
  posewire::PredictorRun run = nullptr;
  void* predictor = nullptr;
};

// The conduit answers only to the ABI name of the pybind11 that Paddle itself was built with. The other
// names stand for the same ABI here, since nothing but a pointer is passed.
void* ask_conduit(const py::object& conduit) {
  const std::type_info& type = posewire::predictor_type();
  const py::capsule wanted(&type, typeid(std::type_info).name());
  for (const char* abi : {"_gcc_libstdcpp_cxxabi1016", PYBIND11_PLATFORM_ABI_ID}) {
    const py::object answer = conduit(py::bytes(abi), wanted, py::bytes("raw_pointer_ephemeral"));
    if (py::isinstance<py::capsule>(answer)) {
      return py::reinterpret_borrow<py::capsule>(answer).get_pointer();
    }
  }
  return nullptr;
}

PaddlePredictor open_predictor(const py::object& object) {
  const py::object conduit = py::getattr(object, "_pybind11_conduit_v1_", py::none());
  if (conduit.is_none()) {
    return {};
  }
  const auto name = py::str(py::type::of(object).attr("__module__")).cast<std::string>();
  const py::module_ module = py::module_::import(name.c_str());
  const py::object file = py::getattr(module, "__file__", py::str());
  return {posewire::find_predictor_run(file.cast<std::string>().c_str()), ask_conduit(conduit)};
}

bool predictor_run_available(const py::object& object) {
  const PaddlePredictor paddle = open_predictor(object);
  return paddle.run != nullptr && paddle.predictor != nullptr;
}

bool predictor_run(const py::object& object) {
  const PaddlePredictor paddle = open_predictor(object);
  if (paddle.run == nullptr || paddle.predictor == nullptr) {
    throw py::value_error("predictor: not one of Paddle Inference that runs without Python's lock");
  }
  const py::gil_scoped_release released;
  return paddle.run(paddle.predictor);
}

}  // namespace

void bind_predictor(py::module_& module) {
  module.def("predictor_run_available", &predictor_run_available, py::arg("predictor"));
  module.def("predictor_run", &predictor_run, py::arg("predictor"));
}

}  // namespace posewire::bindings
