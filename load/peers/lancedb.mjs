// LanceDB: a library in the caller's process, without a server.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect, Index } from "@lancedb/lancedb";
import { createRequire } from "node:module";
import { dimension } from "./data.mjs";

export const title = "LanceDB";

// The same module that the library loads, so that it knows the types.
const arrow = createRequire(import.meta.url)("apache-arrow");

const item = new arrow.Field("item", new arrow.Float32(), true);
const vectorType = new arrow.FixedSizeList(dimension, item);
const schema = new arrow.Schema([new arrow.Field("id", new arrow.Int32()), new arrow.Field("vector", vectorType)]);

export async function open(folder) {
  const database = await connect(folder);
  const tables = new Map();
  let effort = { ef: 20 };
  return {
    pid: null,
    version: JSON.parse(readFileSync(join(import.meta.dirname, "node_modules/@lancedb/lancedb/package.json"), "utf8")).version,
    create: async (collection) => tables.set(collection, await database.createEmptyTable(collection, schema)),
    insert: (collection, first, rows) => tables.get(collection).add(tableOf(first, rows)),
    // Without an index it looks at every row, which is right for a few hundred.
    finish: (collection) => tables.get(collection).createIndex("vector", {
      config: Index.hnswSq({ distanceType: "cosine", m: 16, efConstruction: 200, numPartitions: 1 }),
    }),
    efforts: [{ ef: 20 }, { ef: 20, refine: 2 }, { ef: 40 }, { ef: 40, refine: 2 }, { ef: 80, refine: 2 }, { ef: 160, refine: 4 }, { ef: 320, refine: 8 }],
    tune: async (_, next) => (effort = next),
    effortName: "ef and refine factor",
    searchers: {
      "in process": async (collection, query) => {
        let search = tables.get(collection).vectorSearch(query).distanceType("cosine").limit(10).nprobes(1).ef(effort.ef).select(["id", "_distance"]);
        if (effort.refine) search = search.refineFactor(effort.refine);
        return (await search.toArray()).map((row) => Number(row.id));
      },
    },
    close: async () => database.close(),
  };
}

function tableOf(first, rows) {
  const values = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => values.set(row, i * dimension));
  const child = arrow.makeData({ type: new arrow.Float32(), length: values.length, nullCount: 0, data: values });
  const vectors = arrow.makeData({ type: vectorType, length: rows.length, nullCount: 0, child });
  const ids = arrow.makeData({
    type: new arrow.Int32(), length: rows.length, nullCount: 0, data: Int32Array.from(rows, (_, i) => first + i),
  });
  const struct = arrow.makeData({ type: new arrow.Struct(schema.fields), length: rows.length, nullCount: 0, children: [ids, vectors] });
  return new arrow.Table(schema, new arrow.RecordBatch(schema, struct));
}
