// llama.cpp as a peer, by node-llama-cpp's prebuilt binaries for the processor: it answers from token ids, the likeliest token
// first. An order and an answer are a line of JSON each.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const version = JSON.parse(readFileSync(new URL('node_modules/node-llama-cpp/package.json', import.meta.url))).version;

const now = () => {
    const used = process.cpuUsage();
    return { Wall: performance.now(), Processor: (used.user + used.system) / 1000 };
};
const between = (from, to, by) => ({ Wall: (to.Wall - from.Wall) / by, Processor: (to.Processor - from.Processor) / by });

async function load(order) {
    const model = await llama.loadModel({ modelPath: order.file });
    const context = await model.createContext({
        contextSize: order.capacity, batchSize: 512, sequences: 1, threads: { ideal: order.threads, min: order.threads },
        flashAttention: order.flash,
    });
    return context.getSequence();
}

async function answer(sequence, order) {
    // What the prompt has in common with the one before may be known.
    await (order.known ? sequence.eraseContextTokenRanges([{ start: order.known, end: sequence.nextTokenIndex }]) : sequence.clearHistory());
    const times = [now()];
    for await (const _ of sequence.evaluate(order.ids.slice(order.known ?? 0), { temperature: 0, yieldEogTokens: true })) {
        if (times.push(now()) > order.tokens) {
            break;
        }
    }
    return { first: between(times[0], times[1], 1), each: between(times[1], times.at(-1), times.length - 2), tokens: times.length - 1 };
}

const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: LlamaLogLevel.error });
console.log(`llama.cpp ${llama.llamaCppRelease.release} by node-llama-cpp ${version}, node ${process.versions.node}`);
let sequence;
for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    if (order.file) {
        sequence = await load(order);
        console.log(JSON.stringify({ loaded: true }));
    } else {
        console.log(JSON.stringify(await answer(sequence, order)));
    }
}
process.exit(0);
