// Runs a TensorFlow.js graph model in its own CPU kernels, for make_efficientpose.py:
//   node run_tfjs.js MODEL.json INPUT OUTPUT TENSOR HEIGHT WIDTH
// INPUT and OUTPUT are float32 files, (1, HEIGHT, WIDTH, 3) and whatever the tensor is.
const fs = require("fs");
const path = require("path");
const tf = require("@tensorflow/tfjs");

const [model, input, output, tensor, height, width] = process.argv.slice(2);

function load() {
  const json = JSON.parse(fs.readFileSync(model));
  const groups = json.weightsManifest;
  const shards = groups.flatMap((group) => group.paths)
    .map((name) => fs.readFileSync(path.join(path.dirname(model), name)));
  const content = new Uint8Array(Buffer.concat(shards));
  const weightSpecs = groups.flatMap((group) => group.weights);
  return { ...json, weightSpecs, weightData: content.buffer };
}

async function main() {
  await tf.setBackend("cpu");
  const graph = await tf.loadGraphModel({ load: async () => load() });
  const content = new Uint8Array(fs.readFileSync(input));
  const image = tf.tensor4d(new Float32Array(content.buffer), [1, Number(height), Number(width), 3]);
  const answer = graph.execute(image, tensor);
  fs.writeFileSync(output, Buffer.from(answer.dataSync().buffer));
}

main();
