#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/bind.h"
#include "paf/decoder.h"
#include "paf/fast_parameters.h"

namespace posewire::bindings {
namespace {

using FloatArray = py::array_t<float, 0>;
using IntArray = py::array_t<std::int32_t, py::array::c_style>;

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

}  // namespace

void bind_paf(py::module_& module) {
  using posewire::paf::Decoder;
  py::class_<Decoder>(module, "PafDecoder")
      .def(py::init(&make_decoder), py::kw_only(), py::arg("limbs"), py::arg("paf_channels"), py::arg("keypoint_count"),
           py::arg("limb_lengths") = std::vector<float>{}, py::arg("algorithm") = "fast", py::arg("simd") = "auto")
      .def("decode", &decode, py::arg("heatmaps"), py::arg("pafs"), py::kw_only(), py::arg("size_input"),
           py::arg("size_image"));
}

}  // namespace posewire::bindings
