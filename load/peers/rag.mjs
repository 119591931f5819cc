// This product: `rag serve` as a child, called over gRPC, one call a search or many searches over a few streams.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { bytesOf, dimension } from "./data.mjs";
import { freePort, start } from "./processes.mjs";

const root = join(import.meta.dirname, "..", "..");
const program = process.env.RAG_PROGRAM ?? join(root, "src/Cli/bin/Release/net10.0/Rag.Cli.dll");
const connections = 2;

export const title = "rag, this product";

export async function open(folder) {
  if (!existsSync(program)) throw new Error("it is not built: ./rag load peers builds it");
  const port = await freePort();
  const ready = async () => existsSync(join(folder, "instance.json"));
  const server = await start(
    "dotnet", [program, "serve", "--data", folder, "--listen", `http://127.0.0.1:${port}`], { RAG_LOG: "Warning" }, ready);
  const files = ["workspace_service", "chunk_service", "search_service"].map((name) => `rag/v1/${name}.proto`);
  const api = grpc.loadPackageDefinition(loader.loadSync(files, {
    includeDirs: [join(root, "protos")], longs: Number, enums: String, defaults: false, oneofs: false, keepCase: true,
  })).rag.v1;
  const credentials = grpc.credentials.createInsecure();
  // Without a pool of its own each client would share one connection.
  const clients = Array.from({ length: connections }, () => ({ "grpc.use_local_subchannel_pool": 1 }));
  const address = `127.0.0.1:${port}`;
  const workspaces = new api.WorkspaceService(address, credentials);
  const chunks = new api.ChunkService(address, credentials);
  const searches = clients.map((options) => new api.SearchService(address, credentials, options));
  const call = (client, method, request) => new Promise((resolve, reject) =>
    client[method](request, (failed, answer) => (failed ? reject(failed) : resolve(answer))));
  let target = 0.95;
  let turn = 0;
  const request = (collection, query) => ({
    workspace: collection, vector: { packed: bytesOf(query) }, k: 10, recall_target: target, return_fields: {},
  });
  const ids = (answer) => (answer.hits ?? []).map((hit) => Number(hit.chunk_id));
  const streams = searches.flatMap((client) => [0, 1].map(() => openStream(client)));
  return {
    pid: server.pid,
    create: (collection) => call(workspaces, "CreateWorkspace", {
      workspace: { name: collection, spaces: [{ dimension, metric: "METRIC_COSINE" }] },
    }),
    insert: async (collection, first, rows) => {
      const answer = await call(chunks, "UpsertChunks", {
        workspace: collection,
        chunks: rows.map((row, i) => ({ chunk: { chunk_id: String(first + i), vectors: { "": { packed: bytesOf(row) } } } })),
      });
      const failed = (answer.results ?? []).find((result) => result.error);
      if (failed) throw new Error(failed.error.message);
    },
    efforts: [0.95, 0.97, 0.98, 0.99],
    tune: async (_, effort) => (target = effort),
    effortName: "recall target",
    searchers: {
      unary: async (collection, query) => ids(await call(searches[turn++ % searches.length], "Search", request(collection, query))),
      stream: async (collection, query) => ids(await streams[turn++ % streams.length](request(collection, query))),
    },
    close: async () => {
      for (const client of [workspaces, chunks, ...searches]) client.close();
      await server.stop();
    },
  };
}

// Many searches over one call; answers come in any order.
function openStream(client) {
  const stream = client.SearchStream();
  const waiting = new Map();
  let number = 0;
  stream.on("data", ({ correlation_id, result }) => {
    const { resolve, reject } = waiting.get(correlation_id);
    waiting.delete(correlation_id);
    if (result.response) resolve(result.response);
    else reject(new Error(JSON.stringify(result.error)));
  });
  const fail = (failed) => {
    for (const { reject } of waiting.values()) reject(failed);
    waiting.clear();
  };
  stream.on("error", fail);
  stream.on("end", () => fail(new Error("the stream ended")));
  return (search) => new Promise((resolve, reject) => {
    waiting.set(++number, { resolve, reject });
    stream.write({ correlation_id: number, search });
  });
}
