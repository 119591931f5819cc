// One peer in a process of its own: PEER MATRIX FOLDER OPTIONS. The last line of standard output is its result as JSON.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { dimension, exact, load, Random, rowOf } from "./data.mjs";
import { cpuSeconds, diskMiB, residentMiB, sleep } from "./processes.mjs";

const [name, matrixPath, folder, optionsText] = process.argv.slice(2);
const options = JSON.parse(optionsText);
const k = 10;
const batch = 250;
const writers = 4;
const checked = 100;
const pauseBetweenMs = 500;

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(143));
const say = (text) => process.stderr.write(`${name}: ${text}\n`);
const all = load(matrixPath);
const { rows } = options;
const stored = all.length / dimension - options.queries;
const queries = Array.from({ length: options.queries }, (_, i) => rowOf(all, stored + i));

// A large collection, where an index counts.
async function large(driver) {
  const peer = await open(driver, "large");
  try {
    const collection = "large";
    await peer.create(collection);
    const began = performance.now();
    await insertAll(peer, [{ collection, first: 0, count: rows }]);
    const inserted = performance.now();
    await peer.finish?.(collection);
    const finished = performance.now();
    say(`${rows} rows in ${seconds(inserted - began)} s, index in another ${seconds(finished - inserted)} s`);
    const truth = queries.slice(0, checked).map((query) => new Set(exact(all, 0, rows, query, k)));
    const found = await effortFor(peer, collection, truth);
    const random = new Random(7);
    const next = () => ({ collection, query: queries[random.below(queries.length)] });
    return {
      insertsPerSecond: rows / ((inserted - began) / 1000), readySeconds: (finished - began) / 1000, ...found,
      searches: await searchAll(peer, next), ...(await weigh(peer)),
    };
  } finally {
    await peer.close();
  }
}

// Many small ones, as a provider with many customers has them.
async function small(driver) {
  const peer = await open(driver, "small");
  try {
    const each = options.rowsEach;
    const parts = Array.from({ length: options.collections }, (_, i) => ({ collection: `c-${i}`, first: i * each, count: each }));
    // Some peers take very long for many: what they have in the time is what they are measured with.
    const began = performance.now();
    let done = 0;
    await inParallel(parts, async ({ collection, first, count }) => {
      if (performance.now() - began > options.patience * 1000) return;
      await peer.create(collection);
      await peer.insert(collection, first, Array.from({ length: count }, (_, i) => rowOf(all, first + i)));
      done++;
    });
    const inserted = performance.now();
    // Writers take them in order, so those that were left out are the last.
    parts.length = done;
    say(`${done} collections of ${each} in ${seconds(inserted - began)} s`);
    const random = new Random(11);
    // A query is near the rows of its collection: half way between one of them and anything.
    const next = () => {
      const part = parts[random.below(parts.length)];
      const near = rowOf(all, part.first + random.below(each)), far = queries[random.below(queries.length)];
      return { collection: part.collection, first: part.first, query: near.map((value, i) => value + far[i]) };
    };
    const search = Object.values(peer.searchers)[0];
    let hits = 0;
    for (let i = 0; i < checked; i++) {
      const { collection, first, query } = next();
      const right = new Set(exact(all, first, each, query, k).map((row) => first + row));
      hits += (await search(collection, query)).filter((id) => right.has(id)).length;
    }
    return {
      collections: parts.length, collectionsPerSecond: parts.length / ((inserted - began) / 1000), recall: hits / (checked * k),
      searches: await searchAll(peer, next), ...(await weigh(peer)),
    };
  } finally {
    await peer.close();
  }
}

async function open(driver, shape) {
  const path = join(folder, shape);
  mkdirSync(path, { recursive: true });
  // A library lies in this process, which holds the data too.
  const own = residentMiB(process.pid);
  const peer = await driver.open(path);
  result.version = peer.version;
  return Object.assign(peer, { path, residentBefore: peer.pid === null ? own : 0 });
}

async function insertAll(peer, parts) {
  const batches = parts.flatMap(({ collection, first, count }) => Array.from(
    { length: Math.ceil(count / batch) }, (_, i) => ({ collection, first: first + i * batch, count: Math.min(batch, count - i * batch) })));
  await inParallel(batches, ({ collection, first, count }) =>
    peer.insert(collection, first, Array.from({ length: count }, (_, i) => rowOf(all, first + i))));
}

async function inParallel(items, work) {
  let next = 0;
  await Promise.all(Array.from({ length: writers }, async () => {
    while (next < items.length) await work(items[next++]);
  }));
}

// The least effort that reaches the recall; each peer calls it something else.
async function effortFor(peer, collection, truth) {
  const search = Object.values(peer.searchers)[0];
  let recall = 0, effort;
  for (effort of peer.efforts) {
    await peer.tune(collection, effort);
    let hits = 0;
    for (let i = 0; i < truth.length; i++)
      hits += (await search(collection, queries[i])).filter((id) => truth[i].has(id)).length;
    recall = hits / (truth.length * k);
    say(`recall ${recall.toFixed(3)} at ${peer.effortName} ${typeof effort === "object" ? Object.values(effort).join(", ") : effort}`);
    if (recall >= options.recall) break;
  }
  return { recall, effort: `${peer.effortName} ${typeof effort === "object" ? Object.values(effort).join(", ") : effort}` };
}

async function searchAll(peer, next) {
  const results = {};
  for (const [way, search] of Object.entries(peer.searchers)) {
    const once = () => {
      const { collection, query } = next();
      return search(collection, query);
    };
    await closed(once, options.seconds / 4);
    await sleep(pauseBetweenMs);
    const cpu = cpuSeconds(processOf(peer));
    const busy = await closed(once, options.seconds);
    const cpuMicroseconds = ((cpuSeconds(processOf(peer)) - cpu) / busy.count) * 1e6;
    await sleep(pauseBetweenMs);
    results[way] = { closed: busy, cpuMicroseconds, open: await opened(once, options.rate, options.seconds) };
    say(`${way}: ${Math.round(busy.perSecond)} searches/s`);
  }
  return results;
}

// Callers that each ask again when they have their answer.
async function closed(once, forSeconds) {
  const times = [];
  const began = performance.now(), end = began + forSeconds * 1000;
  await Promise.all(Array.from({ length: options.clients }, async () => {
    while (performance.now() < end) {
      const asked = performance.now();
      await once();
      times.push(performance.now() - asked);
    }
  }));
  return { perSecond: times.length / ((performance.now() - began) / 1000), count: times.length, ...percentiles(times) };
}

// Searches at a rate, whether earlier ones are answered or not, timed from the moment each was due.
async function opened(once, rate, forSeconds) {
  const times = [], calls = [];
  const began = performance.now(), total = Math.floor(rate * forSeconds);
  for (let sent = 0; sent < total; ) {
    const now = performance.now();
    for (; sent < total && began + (sent * 1000) / rate <= now; sent++) {
      const due = began + (sent * 1000) / rate;
      calls.push(once().then(() => times.push(performance.now() - due)));
    }
    await sleep(1);
  }
  await Promise.all(calls);
  return { rate, ...percentiles(times) };
}

function percentiles(times) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { p50: at(0.5), p99: at(0.99) };
}

const weigh = async (peer) => ({
  residentMiB: residentMiB(processOf(peer)) - peer.residentBefore, diskMiB: await diskMiB(peer.path),
});

// Asked anew each time: a peer may have to start its server again for another effort.
const processOf = (peer) => peer.pid ?? process.pid;

const seconds = (ms) => (ms / 1000).toFixed(1);

const driver = await import(`./${name}.mjs`);
const result = { title: driver.title };
try {
  if (rows > 0) result.large = await large(driver);
  if (options.collections > 0) result.small = await small(driver);
} catch (failed) {
  result.failed = failed.message.split("\n")[0];
}
console.log(JSON.stringify(result));
process.exit(0);
