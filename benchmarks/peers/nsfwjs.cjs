// nsfwjs on its wasm backend, one order a line on standard input, one answer a line on standard output:
//   {"mode": "jpeg-js" | "sharp" | "sharp-resized", "paths": [...]} -> {"wall": ms, "processor": ms, "classes": [...]}
// One path is one image at a time, through nsfwjs' own classify. Several are one batch: decoded at the same time and put
// through the model in one run, which nsfwjs leaves to its users.
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
const jpeg = require('jpeg-js');
const nsfwjs = require('nsfwjs');
const sharp = require('sharp');

const decoders = {
  // What nsfwjs' README shows for JPEG uploads in node.
  'jpeg-js': async file => {
    const { data, width, height } = jpeg.decode(fs.readFileSync(file), { useTArray: true, formatAsRGBA: false, maxMemoryUsageInMB: 2048 });
    return { data, width, height };
  },
  // The fastest decoder that npm has, giving the whole picture to nsfwjs, which resizes it.
  'sharp': async file => raw(sharp(fs.readFileSync(file))),
  // More than nsfwjs asks for: decoded at a reduced scale and resized natively, so that nsfwjs has nothing left to resize.
  'sharp-resized': async file => raw(sharp(fs.readFileSync(file)).resize(224, 224, { fit: 'fill', kernel: 'linear' })),
};

async function raw(image) {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

const tensorOf = ({ data, width, height }) => tf.tensor3d(data, [height, width, 3], 'int32');

async function one(net, decode, file) {
  const image = tensorOf(await decode(file));
  const classes = await net.classify(image);
  image.dispose();
  return [classes[0].className];
}

async function batch(net, decode, files) {
  const pictures = await Promise.all(files.map(decode));
  // One at a time: many large pictures as floats are more than wasm's memory holds.
  const inputs = pictures.map(picture => tf.tidy(() => tf.image.resizeBilinear(tensorOf(picture).toFloat().div(255), [224, 224], true)));
  const best = tf.tidy(() => net.model.execute(tf.stack(inputs)).argMax(-1));
  const indices = await best.data();
  tf.dispose([...inputs, best]);
  return Array.from(indices, index => ['Drawing', 'Hentai', 'Neutral', 'Porn', 'Sexy'][index]);
}

(async () => {
  wasm.setWasmPaths(path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), '..', 'wasm-out') + path.sep);
  await tf.setBackend('wasm');
  await tf.ready();
  const log = console.log; // nsfwjs and tfjs write here, and the answers must stand alone
  console.log = console.info = console.warn = () => {};
  const net = await nsfwjs.load('MobileNetV2Mid', { type: 'graph' });
  const versions = {
    nsfwjs: '4.3.0', tfjs: tf.version.tfjs, backend: tf.getBackend(), sharp: sharp.versions.sharp, node: process.version,
    simd: await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'), threads: await tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT'),
  };
  log(JSON.stringify(versions));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { mode, paths } = JSON.parse(line);
    const wall = performance.now();
    const processor = process.cpuUsage();
    const classes = paths.length === 1 ? await one(net, decoders[mode], paths[0]) : await batch(net, decoders[mode], paths);
    const used = process.cpuUsage(processor);
    log(JSON.stringify({ wall: performance.now() - wall, processor: (used.user + used.system) / 1000, classes }));
  }
})();
