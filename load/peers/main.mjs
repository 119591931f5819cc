// Drives vector databases that others wrote and this one, one after the other, on the same data, machine and client:
// ./rag load peers [--rows N, 0 for none] [--collections N, 0 for none] [--seconds S] [--only rag,chroma,lancedb] [--json]
import { spawn } from "node:child_process";
import { readFileSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { make, save } from "./data.mjs";

const peers = ["rag", "chroma", "lancedb"];
const absent = [
  ["pgvector", "Debian 12 has no postgresql-15-pgvector; put it in and add a driver"],
  ["Redis vector sets", "they need Redis 8, Debian 12 has 7.0"],
];
const patienceMs = 240_000;

const { values: given } = parseArgs({
  options: {
    rows: { type: "string", default: "100000" }, collections: { type: "string", default: "1000" },
    seconds: { type: "string", default: "4" }, rate: { type: "string", default: "200" }, clients: { type: "string", default: "8" },
    only: { type: "string", default: peers.join(",") }, json: { type: "boolean", default: false },
  },
});
const chosen = given.only.split(",");
const unknown = chosen.filter((name) => !peers.includes(name));
if (unknown.length > 0) {
  console.error(`rag load peers: there is no driver for ${unknown.join(", ")}; there are ${peers.join(", ")}.`);
  process.exit(2);
}
const options = {
  queries: 500, recall: 0.95, rows: number("rows"), rowsEach: 100, patience: 40, collections: number("collections"), seconds: number("seconds"),
  rate: number("rate"), clients: number("clients"),
};
const stored = Math.max(options.rows, options.collections * options.rowsEach);

function number(name) {
  const value = Number(given[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  console.error(`rag load peers: --${name} takes a number.`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "rag-peers-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
const matrix = join(folder, "matrix.f32");
process.stderr.write(`making ${stored} x 384 ...\n`);
save(matrix, make(stored + options.queries));
const load = [loadavg()[0]];
const results = [];
for (const name of chosen) {
  const large = options.rows > 0 ? await measure(name, { ...options, collections: 0 }) : {};
  const small = options.collections > 0 ? await measure(name, { ...options, rows: 0 }) : {};
  results.push({ ...large, ...small });
}
load.push(loadavg()[0]);
const machine = {
  processor: /model name\s*:\s*(.+)/.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown", cores: cpus().length,
  loadBefore: load[0], loadAfter: load[1],
};
if (given.json) console.log(JSON.stringify({ machine, ...options, results, absent }));
else print();
process.exitCode = results.some((result) => result.failed) ? 1 : 0;

// In a process of its own, so that no library's memory or threads are in the next one's figures.
function measure(name, shape) {
  return new Promise((resolve) => {
    const args = [join(import.meta.dirname, "measure.mjs"), name, matrix, join(folder, name), JSON.stringify(shape)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: patienceMs });
    let said = "";
    child.stdout.on("data", (text) => (said += text));
    process.once("exit", () => child.kill());
    child.once("exit", (code, signal) => {
      const last = said.trim().split("\n").at(-1);
      rmSync(join(folder, name), { recursive: true, force: true });
      if (last.startsWith("{")) resolve(JSON.parse(last));
      else resolve({ title: name, failed: signal ? `ended by ${signal} after ${patienceMs / 1000} s` : `ended with ${code}` });
    });
  });
}

function print() {
  console.log(`${machine.processor}, ${machine.cores} cores shared by server and client, load ${machine.loadBefore.toFixed(1)} before and ${machine.loadAfter.toFixed(1)} after.`);
  console.log(`k = 10, cosine, ${options.clients} callers; open loop at ${options.rate}/s. CPU: of the server, a search; * in process, with the caller's part.\n`);
  table(`One collection of ${options.rows.toLocaleString("en")} x 384`, "large", (part) => [
    whole(part.insertsPerSecond), part.readySeconds.toFixed(1), part.recall.toFixed(3), part.effort,
  ], ["inserts/s", "ready after s", "recall", "effort"]);
  table(`${options.collections.toLocaleString("en")} collections of ${options.rowsEach} x 384, or what is ready after ${options.patience} s`, "small", (part) => [
    whole(part.collections), whole(part.collectionsPerSecond), part.recall.toFixed(3),
  ], ["collections", "made and filled/s", "recall"]);
  for (const result of results) if (result.failed) console.log(`${result.title} failed: ${result.failed}`);
  for (const [name, why] of absent) console.log(`Not measured: ${name} (${why}).`);
}

function table(heading, shape, columns, names) {
  if (!results.some((result) => result[shape])) return;
  const all = ["", "way", ...names, "searches/s", "p50 ms", "p99 ms", "open p50 ms", "open p99 ms", "CPU µs", "RSS MiB", "disk MiB"];
  console.log(`${heading}\n\n| ${all.join(" | ")} |\n|${" --- |".repeat(all.length)}`);
  for (const result of results) {
    const part = result[shape];
    if (!part) continue;
    for (const [way, { closed, open, cpuMicroseconds }] of Object.entries(part.searches)) {
      const row = [
        `${result.title} ${result.version ?? ""}`.trim(), way, ...columns(part), whole(closed.perSecond), ms(closed.p50), ms(closed.p99), ms(open.p50),
        ms(open.p99), whole(cpuMicroseconds) + (way === "in process" ? "*" : ""), whole(part.residentMiB), whole(part.diskMiB),
      ];
      console.log(`| ${row.join(" | ")} |`);
    }
  }
  console.log("");
}

function whole(value) {
  return Math.round(value).toLocaleString("en");
}

function ms(value) {
  return value.toFixed(2);
}
