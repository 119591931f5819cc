// Chroma's server, over HTTP: its client packages speak the same JSON.
import { Agent, request as send } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { bytesOf } from "./data.mjs";
import { freePort, start } from "./processes.mjs";

export const title = "Chroma";

export async function open(folder) {
  const port = await freePort();
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const call = (method, path, body) => new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = text ? { "content-type": "application/json", "content-length": text.length } : {};
    const out = send({ agent, host: "127.0.0.1", port, method, path: `/api/v2${path}`, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const said = Buffer.concat(parts).toString();
        if (answer.statusCode >= 300) reject(new Error(`${path}: ${answer.statusCode} ${said.slice(0, 300)}`));
        else resolve(said.length ? JSON.parse(said) : null);
      });
    });
    out.on("error", reject);
    out.end(text);
  });
  const serve = () => start(
    process.execPath, [join(import.meta.dirname, "chroma-server.cjs"), folder, String(port)], { ANONYMIZED_TELEMETRY: "False" },
    async () => (await call("GET", "/heartbeat")) !== null);
  let server = await serve();
  const base64 = (await call("GET", "/pre-flight-checks")).supports_base64_encoding === true;
  const encode = (row) => (base64 ? bytesOf(row).toString("base64") : Array.from(row));
  const collections = "/tenants/default_tenant/databases/default_database/collections";
  const known = new Map();
  const of = (collection, verb = "") => `${collections}/${known.get(collection)}${verb}`;
  const bindings = createRequire(import.meta.url)("chromadb-js-bindings-linux-x64-gnu/package.json").version;
  return {
    get pid() {
      return server.pid;
    },
    version: `${await call("GET", "/version")} (npm bindings ${bindings})`,
    create: async (collection) => {
      const made = await call("POST", collections, { name: collection, configuration: { hnsw: { space: "cosine" } } });
      known.set(collection, made.id);
    },
    insert: (collection, first, rows) => call("POST", of(collection, "/add"), {
      ids: rows.map((_, i) => String(first + i)), embeddings: rows.map(encode),
    }),
    efforts: [10, 20, 40, 80, 160, 320],
    // An index that is loaded keeps the effort with which it was.
    tune: async (collection, effort) => {
      await call("PUT", of(collection), { new_configuration: { hnsw: { ef_search: effort } } });
      await server.stop();
      server = await serve();
    },
    effortName: "ef_search",
    searchers: {
      http: async (collection, query) => {
        const body = { query_embeddings: [Array.from(query)], n_results: 10, include: ["distances"] };
        return (await call("POST", of(collection, "/query"), body)).ids[0].map(Number);
      },
    },
    close: async () => {
      agent.destroy();
      await server.stop();
    },
  };
}
