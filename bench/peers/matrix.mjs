import { readFileSync } from "node:fs";

// Rows of an fbin file: int32 count, int32 columns, float32 values.
export function readMatrix(path) {
  const bytes = readFileSync(path);
  const [count, columns] = [bytes.readInt32LE(0), bytes.readInt32LE(4)];
  const values = new Float32Array(bytes.buffer, bytes.byteOffset + 8, count * columns);
  return { count, columns, values, row: (i) => values.subarray(i * columns, (i + 1) * columns) };
}
