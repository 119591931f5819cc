// One search thread of driver.mjs.
import { parentPort, workerData } from "node:worker_threads";
import { readMatrix } from "./matrix.mjs";

const { engineName, queriesPath, metric, k } = workerData;
const queries = readMatrix(queriesPath);
const { open } = await import(`./${engineName}.mjs`);
let index;
let effort;

parentPort.on("message", (task) => {
  try {
    parentPort.postMessage(perform(task));
  } catch (failure) {
    parentPort.postMessage(String(failure.message));
  }
});

function perform({ kind, ef, ids, milliseconds, shared }) {
  if (kind !== "time" && ef !== effort) {
    index = open(queries.columns, metric, ef, index);
    effort = ef;
  }
  if (kind === "search")
    return search(ids, shared);
  return kind === "time" ? time(milliseconds, shared) : 0;
}

function search(ids, shared) {
  let done = 0;
  for (let i = Atomics.add(shared, 0, 1); i < shared[1]; i = Atomics.add(shared, 0, 1), done++)
    index.search(queries.row(i), k).forEach((id, place) => (ids[i * k + place] = Number(id)));
  return done;
}

// Passes over the queries until the time is up; the last one is always finished.
function time(milliseconds, shared) {
  const end = performance.now() + milliseconds;
  let done = 0;
  for (let i = Atomics.add(shared, 0, 1); i < Atomics.load(shared, 1); i = Atomics.add(shared, 0, 1), done++) {
    const query = i % queries.count;
    if (query === 0 && i > 0 && performance.now() >= end) {
      Atomics.store(shared, 1, i);
      break;
    }
    index.search(queries.row(query), k);
  }
  return done;
}
