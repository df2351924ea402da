// transformers.js as a peer: it answers from the same three ONNX files, the same pixel values and the same token ids. It has
// no class for InternVL, but that of LLaVA does with an InternVL export what its own would: vision tower, embeddings, features
// in place of image tokens, then its own generate(). An order and an answer are a line of JSON each.
import { readFileSync } from 'node:fs';
import { dirname, basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { AutoConfig, BaseStreamer, LlavaForConditionalGeneration, Tensor, env } from '@huggingface/transformers';

const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;

const now = () => {
    const used = process.cpuUsage();
    return { Wall: performance.now(), Processor: (used.user + used.system) / 1000 };
};
const between = (from, to, by) => ({ Wall: (to.Wall - from.Wall) / by, Processor: (to.Processor - from.Processor) / by });

/** When each token came; the prompt comes first. */
class Clock extends BaseStreamer {
    constructor() {
        super();
        this.times = [];
    }

    put() {
        this.times.push(now());
    }

    end() {}
}

async function load(order) {
    const folder = order.folder;
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder);
    const published = JSON.parse(readFileSync(join(folder, 'config.json')));
    const config = await AutoConfig.from_pretrained(basename(folder), {
        config: {
            ...published,
            model_type: 'llava',
            architectures: ['LlavaForConditionalGeneration'],
            text_config: published.text_config ?? published.llm_config,
            image_token_index: order.imageToken,
        },
    });
    return LlavaForConditionalGeneration.from_pretrained(basename(folder), {
        config,
        dtype: order.dtype,
        device: 'cpu',
        local_files_only: true,
        session_options: { intraOpNumThreads: order.threads, interOpNumThreads: 1 },
    });
}

async function answer(model, order) {
    const file = readFileSync(order.pixels);
    const pixels = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
    const ids = BigInt64Array.from(order.ids, BigInt);
    const clock = new Clock();
    const start = now();
    await model.generate({
        input_ids: new Tensor('int64', ids, [1, ids.length]),
        attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
        pixel_values: new Tensor('float32', pixels, order.shape),
        max_new_tokens: order.tokens,
        eos_token_id: null,
        do_sample: false,
        streamer: clock,
    });
    const [, first, ...others] = clock.times;
    return { first: between(start, first, 1), each: between(first, others.at(-1), others.length), tokens: 1 + others.length };
}

console.log(`transformers.js ${version('@huggingface/transformers')} on onnxruntime-node ${version('onnxruntime-node')}, node ${process.versions.node}`);
let model;
for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    if (order.folder) {
        model = await load(order);
        console.log(JSON.stringify({ loaded: true }));
    } else {
        console.log(JSON.stringify(await answer(model, order)));
    }
}
process.exit(0);
