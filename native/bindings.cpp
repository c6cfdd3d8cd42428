// The only file that includes pybind11: it checks arguments, releases the GIL and calls the core.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "paf/decoder.h"
#include "paf/parameters.h"
#include "predictor_run.h"
#include "preprocess/preprocessor.h"
#include "simd/level.h"
#include "yuv/colour.h"
#include "yuv/converter.h"
#include "yuv/file.h"

namespace py = pybind11;

namespace {

using FloatArray = py::array_t<float, 0>;
using IntArray = py::array_t<std::int32_t, py::array::c_style>;

std::string shape_text(const py::array& array) {
  std::string text = "(";
  for (py::ssize_t i = 0; i < array.ndim(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(array.shape(i));
  }
  return text + ") " + py::str(static_cast<py::object>(array.dtype())).cast<std::string>();
}

posewire::paf::Maps view_maps(const py::array& array, const std::string& name) {
  const auto item = static_cast<py::ssize_t>(sizeof(float));
  if (!py::isinstance<FloatArray>(array) || array.ndim() != 3) {
    throw py::value_error(name + ": expected (C, H, W) float32, got " + shape_text(array));
  }
  const bool rows_whole = array.shape(2) < 2 || array.size() == 0 || array.strides(2) == item;
  if (!rows_whole || array.strides(0) % item != 0 || array.strides(1) % item != 0) {
    throw py::value_error(name + ": expected the cells of a row next to each other, got strides " +
                          std::to_string(array.strides(0)) + ", " + std::to_string(array.strides(1)) + ", " +
                          std::to_string(array.strides(2)));
  }
  return {static_cast<const float*>(array.data()), array.strides(0) / item,          array.strides(1) / item,
          static_cast<int>(array.shape(0)),        static_cast<int>(array.shape(1)), static_cast<int>(array.shape(2))};
}

// Moves the values into an array of that shape, which then owns them.
py::array_t<float> move_to_array(std::vector<float>&& values, std::vector<py::ssize_t> shape) {
  auto owned = std::make_unique<std::vector<float>>(std::move(values));
  float* first = owned->data();
  const py::capsule owner(owned.release(), [](void* held) { delete static_cast<std::vector<float>*>(held); });
  return py::array_t<float>(std::move(shape), first, owner);
}

posewire::paf::Skeleton read_skeleton(const py::array& limbs, const py::array& paf_channels, int keypoint_count,
                                      std::vector<float> limb_lengths) {
  for (const py::array& table : {limbs, paf_channels}) {
    if (!py::isinstance<IntArray>(table) || table.ndim() != 2 || table.shape(1) != 2 ||
        table.shape(0) != limbs.shape(0)) {
      throw py::value_error("limbs and paf_channels: expected (L, 2) int32 each, got " + shape_text(limbs) + " and " +
                            shape_text(paf_channels));
    }
  }
  posewire::paf::Skeleton skeleton;
  skeleton.keypoints = keypoint_count;
  const auto ends = IntArray(limbs).unchecked<2>();
  const auto channels = IntArray(paf_channels).unchecked<2>();
  for (py::ssize_t i = 0; i < ends.shape(0); ++i) {
    skeleton.limbs.push_back({ends(i, 0), ends(i, 1), channels(i, 0), channels(i, 1)});
  }
  if (!limb_lengths.empty() && limb_lengths.size() != skeleton.limbs.size()) {
    throw py::value_error("limb_lengths: expected none or " + std::to_string(skeleton.limbs.size()) + ", got " +
                          std::to_string(limb_lengths.size()));
  }
  skeleton.lengths = std::move(limb_lengths);
  return skeleton;
}

posewire::paf::Parameters read_parameters(const py::kwargs& values) {
  posewire::paf::Parameters parameters;
  for (const auto& [key, value] : values) {
    const auto name = key.cast<std::string>();
    if (!py::isinstance<py::float_>(value) && !py::isinstance<py::int_>(value)) {
      throw py::value_error("parameter " + name + ": expected a number, got " + py::str(value).cast<std::string>());
    }
    posewire::paf::set_parameter(parameters.fast, name, value.cast<double>());
  }
  return parameters;
}

std::unique_ptr<posewire::paf::Decoder> make_decoder(const py::array& limbs, const py::array& paf_channels,
                                                     int keypoint_count, std::vector<float> limb_lengths,
                                                     const std::string& algorithm, const std::string& simd,
                                                     const py::kwargs& parameters) {
  return std::make_unique<posewire::paf::Decoder>(
      read_skeleton(limbs, paf_channels, keypoint_count, std::move(limb_lengths)),
      posewire::paf::choose_algorithm(algorithm), read_parameters(parameters), posewire::simd::choose_level(simd));
}

using IntPair = std::pair<int, int>;

py::tuple decode(const posewire::paf::Decoder& decoder, const py::array& heatmaps, const py::array& pafs,
                 IntPair size_input, IntPair size_image) {
  const posewire::paf::Maps heatmap_view = view_maps(heatmaps, "heatmaps");
  const posewire::paf::Maps paf_view = view_maps(pafs, "pafs");
  posewire::paf::Poses poses;
  {
    const py::gil_scoped_release released;
    decoder.decode(heatmap_view, paf_view, {size_input.first, size_input.second}, {size_image.first, size_image.second},
                   poses);
  }
  const auto count = static_cast<py::ssize_t>(poses.scores.size());
  return py::make_tuple(move_to_array(std::move(poses.keypoints), {count, decoder.keypoints(), 3}),
                        move_to_array(std::move(poses.scores), {count}));
}

std::int32_t read_cells(const py::array& cells) {
  if (!py::isinstance<FloatArray>(cells) || (cells.flags() & py::array::c_style) == 0) {
    throw py::value_error("cells: expected C-contiguous float32, got " + shape_text(cells));
  }
  const auto& kernels = posewire::simd::kernels(posewire::simd::choose_level("auto"));
  const auto* first = static_cast<const float*>(cells.data());
  const py::gil_scoped_release released;
  return kernels.combine(first, cells.size());
}

void bind_paf(py::module_& module) {
  using posewire::paf::Decoder;
  module.def("read_cells", &read_cells, py::arg("cells"));
  py::class_<Decoder>(module, "PafDecoder")
      .def(py::init(&make_decoder), py::kw_only(), py::arg("limbs"), py::arg("paf_channels"), py::arg("keypoint_count"),
           py::arg("limb_lengths") = std::vector<float>{}, py::arg("algorithm") = "fast", py::arg("simd") = "auto")
      .def("decode", &decode, py::arg("heatmaps"), py::arg("pafs"), py::kw_only(), py::arg("size_input"),
           py::arg("size_image"));
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

posewire::ImageView image_view(const py::array_t<std::uint8_t, 0>& image) {
  if (image.ndim() != 3 || image.shape(0) < 1 || image.shape(1) < 1 || image.shape(2) != 3) {
    throw py::value_error("image must be (H, W, 3) with H, W >= 1, got " + std::string(py::str(image.attr("shape"))));
  }
  return {image.data(),
          static_cast<int>(image.shape(1)),
          static_cast<int>(image.shape(0)),
          image.strides(0),
          image.strides(1),
          image.strides(2)};
}

posewire::PlanesView planes_view(py::array_t<float, 0>& output) {
  if (output.ndim() != 3 || output.shape(0) != 3 || (output.flags() & py::array::c_style) == 0) {
    throw py::value_error("output must be (3, h, w) and C-contiguous, got " + shape_text(output));
  }
  return {output.mutable_data(), static_cast<int>(output.shape(2)), static_cast<int>(output.shape(1))};
}

void preprocess(const py::array_t<std::uint8_t, 0>& image, py::array_t<float, 0>& output,
                std::pair<int, int> size_valid, const std::array<float, 3>& mean, const std::array<float, 3>& scale,
                float pad, bool swap_red_blue, const std::string& simd) {
  const posewire::ImageView view = image_view(image);
  const posewire::PlanesView planes = planes_view(output);
  const auto [width, height] = size_valid;
  if (width < 1 || height < 1 || width > planes.width || height > planes.height) {
    throw py::value_error("size_valid must be from 1x1 to the output's " + std::to_string(planes.width) + "x" +
                          std::to_string(planes.height) + ", got " + std::to_string(width) + "x" +
                          std::to_string(height));
  }
  auto& preprocessor = thread_worker<posewire::Preprocessor>(posewire::simd::choose_level(simd));
  const py::gil_scoped_release release;
  preprocessor.run(view, width, height, {mean, scale, pad, swap_red_blue}, planes);
}

using ByteArray = py::array_t<std::uint8_t, 0>;
using PackedArray = py::array_t<std::uint8_t, py::array::c_style>;

posewire::yuv::PlaneView plane_view(const ByteArray& plane, const std::string& name) {
  if (plane.ndim() != 2 || plane.shape(0) < 1 || plane.shape(1) < 1) {
    throw py::value_error(name + " must be (H, W) with H, W >= 1, got " + shape_text(plane));
  }
  return {plane.data(), static_cast<int>(plane.shape(1)), static_cast<int>(plane.shape(0)), plane.strides(0),
          plane.strides(1)};
}

void require_shape(const py::array& array, const std::string& name, const std::vector<py::ssize_t>& shape) {
  if (std::vector<py::ssize_t>(array.shape(), array.shape() + array.ndim()) != shape) {
    throw py::value_error(name + " must be " + std::string(py::str(py::tuple(py::cast(shape)))) + ", got " +
                          shape_text(array));
  }
}

std::uint8_t* reduced_output(PackedArray& output, int width, int height, int reduction) {
  if (reduction != 1 && reduction != 2 && reduction != 4 && reduction != 8) {
    throw py::value_error("reduction must be 1, 2, 4 or 8, got " + std::to_string(reduction));
  }
  require_shape(output, "output", {(height + reduction - 1) / reduction, (width + reduction - 1) / reduction, 3});
  return output.mutable_data();
}

void yuv_to_bgr(const ByteArray& y, const ByteArray& u, const ByteArray& v, PackedArray& output, int reduction,
                const std::string& matrix, bool full_range, const std::string& simd) {
  const posewire::yuv::PlaneView luma = plane_view(y, "y");
  require_shape(u, "u", {(luma.height + 1) / 2, (luma.width + 1) / 2});
  require_shape(v, "v", {(luma.height + 1) / 2, (luma.width + 1) / 2});
  std::uint8_t* const bgr = reduced_output(output, luma.width, luma.height, reduction);
  const std::array chroma{plane_view(u, "u"), plane_view(v, "v")};
  auto& converter = thread_worker<posewire::yuv::Converter>(posewire::simd::choose_level(simd));
  const py::gil_scoped_release release;
  converter.run(luma, chroma[0], chroma[1], reduction, posewire::yuv::choose_colour(matrix, full_range), bgr);
}

bool yuv_file_to_bgr(int descriptor, std::int64_t offset, std::pair<int, int> size, std::ptrdiff_t stride,
                     bool is_interleaved, PackedArray& output, int reduction, const std::string& matrix,
                     bool full_range, const std::string& simd) {
  const auto [width, height] = size;
  if (width < 2 || height < 2 || width % 2 != 0 || height % 2 != 0 || stride < width || stride % 2 != 0) {
    throw py::value_error("size and stride must be even and fit each other; got a stride of " + std::to_string(stride));
  }
  std::uint8_t* const bgr = reduced_output(output, width, height, reduction);
  const posewire::yuv::Colour colour = posewire::yuv::choose_colour(matrix, full_range);
  auto& converter = thread_worker<posewire::yuv::FileConverter>(posewire::simd::choose_level(simd));
  const py::gil_scoped_release release;
  return converter.run({descriptor, offset, width, height, stride, is_interleaved}, reduction, colour, bgr);
}

// A predictor of Paddle Inference that can run without Python's lock; both null where it cannot.
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

PYBIND11_MODULE(_native, module) {
  module.doc() = "Hot paths of posewire_server; use posewire_server.decode and posewire_server.transform instead.";
  module.def("predictor_run_available", &predictor_run_available, py::arg("predictor"));
  module.def("predictor_run", &predictor_run, py::arg("predictor"));
  bind_paf(module);
  module.def("preprocess", &preprocess, py::arg("image").noconvert(), py::arg("output").noconvert(), py::kw_only(),
             py::arg("size_valid"), py::arg("mean"), py::arg("scale"), py::arg("pad"), py::arg("swap_red_blue"),
             py::arg("simd") = "auto");
  module.def("yuv_to_bgr", &yuv_to_bgr, py::arg("y").noconvert(), py::arg("u").noconvert(), py::arg("v").noconvert(),
             py::arg("output").noconvert(), py::kw_only(), py::arg("reduction"), py::arg("matrix"),
             py::arg("full_range"), py::arg("simd") = "auto");
  module.def("yuv_file_to_bgr", &yuv_file_to_bgr, py::arg("descriptor"), py::arg("offset"), py::kw_only(),
             py::arg("size"), py::arg("stride"), py::arg("is_interleaved"), py::arg("output").noconvert(),
             py::arg("reduction"), py::arg("matrix"), py::arg("full_range"), py::arg("simd") = "auto");
}
