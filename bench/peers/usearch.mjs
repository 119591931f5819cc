// usearch: one float32 graph. The effort is fixed when an index is opened, so each effort opens the file again.
import { readFileSync } from "node:fs";
import usearch from "usearch";

const file = "usearch.index";
const { version } = JSON.parse(readFileSync(new URL("./node_modules/usearch/package.json", import.meta.url)));

export const description = `usearch ${version}, float32, through its Node binding`;

export async function build(base, metric, threads, m, efConstruction) {
  const index = create(base.columns, metric, m, efConstruction, 0);
  index.add(BigUint64Array.from({ length: base.count }, (_, i) => BigInt(i)), base.values, threads);
  index.save(file);
}

export function open(columns, metric, ef) {
  const index = create(columns, metric, 0, 0, ef);
  index.view(file);
  return { search: (query, k) => index.search(query, k, 1).keys };
}

function create(dimensions, metric, connectivity, expansion_add, expansion_search) {
  return new usearch.Index({
    dimensions,
    metric: { ip: "ip", l2: "l2sq", cosine: "cos" }[metric],
    quantization: "f32",
    connectivity,
    expansion_add,
    expansion_search,
    multi: false,
  });
}
