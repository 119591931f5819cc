// A peer that lives in Node: the same lines as driver.hpp says, answered for one library.
//
//   node driver.mjs ENGINE BASE QUERIES METRIC K      in a folder of its own, where the library may leave files
//
// The main thread builds and keeps the index in a file; each search thread is a worker with that file open. One query a
// call, as a Node service would.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import { readMatrix } from "./matrix.mjs";

const [engineName, basePath, queriesPath, metric, kText] = process.argv.slice(2);
const k = Number(kText);
const say = (line) => process.stdout.write(line + "\n");

const engine = await loadEngine(engineName);
let base = readMatrix(basePath);
const queries = readMatrix(queriesPath);
const workers = [];
const cores = allowedCores();

const verbs = {
  async build(threads, m, efConstruction) {
    const start = performance.now();
    await engine.build(base, metric, threads, m, efConstruction);
    const seconds = (performance.now() - start) / 1000;
    base = undefined;
    return `built ${seconds}`;
  },

  async search(ef, threads) {
    const ids = new Int32Array(new SharedArrayBuffer(4 * queries.count * k)).fill(-1);
    await onWorkers(threads, { kind: "search", ef, ids });
    return "found " + ids.join(" ");
  },

  async time(ef, threads, least) {
    // Opening the index at another effort is not searching: it is done before the clock starts.
    await onWorkers(threads, { kind: "effort", ef });
    const start = performance.now();
    const counts = await onWorkers(threads, { kind: "time", milliseconds: least * 1000 });
    const seconds = (performance.now() - start) / 1000;
    return `timed ${counts.reduce((sum, count) => sum + count, 0)} ${seconds}`;
  },
};

try {
  say("ready " + engine.description);
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, ...numbers] = line.split(" ");
    if (!Object.hasOwn(verbs, verb) || numbers.some((text) => Number.isNaN(Number(text))))
      throw new Error("not understood: " + line);
    say(await verbs[verb](...numbers.map(Number)));
  }
} catch (failure) {
  say("error " + String(failure.message).replaceAll("\n", " "));
  process.exitCode = 1;
} finally {
  for (const worker of workers)
    await worker.terminate();
}

async function loadEngine(name) {
  try {
    if (name !== "usearch" && name !== "zvec")
      throw new Error("unknown engine " + name);
    return await import(`./${name}.mjs`);
  } catch (failure) {
    say("error " + String(failure.message).split("\n")[0]);
    process.exit(1);
  }
}

function allowedCores() {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"))[1];
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

// Node cannot pin its threads, and a library may have threads of its own: the whole process gets as many cores as it
// searches with threads.
function pin(count) {
  const list = cores.slice(0, count).join(",");
  execFileSync("taskset", ["-acp", list, String(process.pid)], { stdio: "ignore" });
}

// Sends the same task to so many workers and waits for what each of them answers. They share the number of the next
// query and, of a timed pass, where to stop.
async function onWorkers(count, task) {
  pin(count);
  while (workers.length < count)
    workers.push(new Worker(new URL("./worker.mjs", import.meta.url), { workerData: { engineName, queriesPath, metric, k } }));
  const shared = new Int32Array(new SharedArrayBuffer(8));
  shared[1] = task.kind === "search" ? queries.count : 0x7fffffff;
  return Promise.all(workers.slice(0, count).map(async (worker) => {
    const answer = once(worker, "message");
    worker.postMessage({ ...task, shared });
    const [result] = await answer;
    if (typeof result === "string")
      throw new Error(result);
    return result;
  }));
}
