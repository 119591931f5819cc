// zvec: a vector database in the process, its HNSW over int8. A worker opens the collection once, read-only.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import {
  ZVecCollectionSchema,
  ZVecCreateAndOpen,
  ZVecDataType,
  ZVecIndexType,
  ZVecInitialize,
  ZVecLogType,
  ZVecMetricType,
  ZVecOpen,
  ZVecQuantizeType,
} from "@zvec/zvec";

const folder = "zvec";
const rowsAtATime = 1000;
// What it takes; more gains nothing, and the benchmark stops there.
const largestEffort = 2048;
const { version } = JSON.parse(readFileSync(new URL("./node_modules/@zvec/zvec/package.json", import.meta.url)));

export const description = `zvec ${version}, int8, through its Node binding`;

export async function build(base, metric, threads, m, efConstruction) {
  ZVecInitialize({
    logType: ZVecLogType.FILE,
    logDir: "logs",
    queryThreads: availableParallelism(),
    optimizeThreads: threads,
  });
  const collection = ZVecCreateAndOpen(folder, new ZVecCollectionSchema({
    name: "bench",
    vectors: {
      name: "vector",
      dataType: ZVecDataType.VECTOR_FP32,
      dimension: base.columns,
      indexParams: {
        indexType: ZVecIndexType.HNSW,
        metricType: { ip: ZVecMetricType.IP, l2: ZVecMetricType.L2, cosine: ZVecMetricType.COSINE }[metric],
        quantizeType: ZVecQuantizeType.INT8,
        m,
        efConstruction,
      },
    },
  }));
  for (let start = 0; start < base.count; start += rowsAtATime) {
    const length = Math.min(rowsAtATime, base.count - start);
    const documents = Array.from({ length }, (_, i) => ({ id: String(start + i), vectors: { vector: base.row(start + i) } }));
    const refused = collection.insertSync(documents).find((status) => !status.ok);
    if (refused)
      throw new Error(refused.message);
  }
  // The graph is made here; before, a search scans.
  collection.optimizeSync({ concurrency: threads });
  collection.closeSync();
}

export function open(columns, metric, ef, former) {
  const collection = former?.collection ?? ZVecOpen(folder, { readOnly: true });
  const params = { indexType: ZVecIndexType.HNSW, ef: Math.min(ef, largestEffort) };
  return {
    collection,
    search: (vector, topk) =>
      collection.querySync({ fieldName: "vector", vector, topk, outputFields: [], params }).map((hit) => hit.id),
  };
}
