// Seeded data: a Gaussian mixture in 64 latent dimensions, seen in 384, unit length: as easy or hard as embeddings of
// sentences. The first rows are what is stored; a query is a further draw of the same mixture.
import { readFileSync, writeFileSync } from "node:fs";

export const dimension = 384;
const latent = 64;
const centres = 500;

export class Random {
  #state;
  #spare = null;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  next() {
    let t = (this.#state = (this.#state + 0x6d2b79f5) >>> 0);
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(count) {
    return Math.floor(this.next() * count);
  }

  // Two normal numbers from one pair of uniform ones.
  normal() {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    const length = Math.sqrt(-2 * Math.log(1 - this.next()));
    const angle = 2 * Math.PI * this.next();
    this.#spare = length * Math.sin(angle);
    return length * Math.cos(angle);
  }
}

export function make(rows, seed = 384) {
  const random = new Random(seed);
  const normals = (count, scale) => Float32Array.from({ length: count }, () => random.normal() * scale);
  const centre = normals(centres * latent, 1);
  const spread = Float32Array.from({ length: centres }, () => 0.35 + 0.5 * random.next());
  const projection = normals(latent * dimension, 1 / Math.sqrt(latent));
  const matrix = new Float32Array(rows * dimension);
  const z = new Float32Array(latent);
  for (let row = 0; row < rows; row++) {
    // Some clusters are many times as large as others.
    const label = Math.min(centres - 1, Math.floor(-Math.log(1 - random.next()) * centres / 6));
    for (let i = 0; i < latent; i++) z[i] = centre[label * latent + i] + spread[label] * random.normal();
    const x = matrix.subarray(row * dimension, (row + 1) * dimension);
    for (let i = 0; i < latent; i++) {
      const share = z[i], from = i * dimension;
      for (let j = 0; j < dimension; j++) x[j] += share * projection[from + j];
    }
    let norm = 0;
    for (let j = 0; j < dimension; j++) {
      x[j] += 0.05 * random.normal();
      norm += x[j] * x[j];
    }
    norm = Math.sqrt(norm);
    for (let j = 0; j < dimension; j++) x[j] /= norm;
  }
  return matrix;
}

// The k rows of [first, first + count) with the highest inner products.
export function exact(matrix, first, count, query, k) {
  const best = [];
  for (let row = 0; row < count; row++) {
    const from = (first + row) * dimension;
    let score = 0;
    for (let j = 0; j < dimension; j++) score += matrix[from + j] * query[j];
    if (best.length < k || score > best[best.length - 1].score) {
      let place = best.length;
      while (place > 0 && best[place - 1].score < score) place--;
      best.splice(place, 0, { row, score });
      if (best.length > k) best.pop();
    }
  }
  return best.map((each) => each.row);
}

export const save = (path, matrix) => writeFileSync(path, Buffer.from(matrix.buffer, matrix.byteOffset, matrix.byteLength));

export function load(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

export const rowOf = (matrix, row) => matrix.subarray(row * dimension, (row + 1) * dimension);

export const bytesOf = (floats) => Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);
