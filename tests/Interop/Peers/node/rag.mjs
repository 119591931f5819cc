// Uses the engine's own API with @grpc/grpc-js: node rag.mjs PORT STEP… Prints one JSON object a step.
// The steps build on each other: the first one makes the workspace that the others use.
import assert from 'node:assert';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const [port, ...names] = process.argv.slice(2);
const protos = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../../protos');
const files = ['workspace', 'chunk', 'search', 'ingest'].map(name => `rag/v1/${name}_service.proto`);
const shape = { keepCase: true, enums: String, longs: Number, arrays: true };
const definition = loader.loadSync(files, { includeDirs: [protos], ...shape });
const { rag } = grpc.loadPackageDefinition(definition);
const connect = service => new service(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
const workspaces = connect(rag.v1.WorkspaceService);
const chunks = connect(rag.v1.ChunkService);
const searches = connect(rag.v1.SearchService);
const ingest = connect(rag.v1.IngestService);
const workspace = 'node';

const call = (client, method, request) =>
  new Promise((resolve, reject) =>
    client[method](request, { deadline: Date.now() + 60000 }, (error, response) =>
      error ? reject(error) : resolve(response)));

const send = (client, method, requests) =>
  new Promise((resolve, reject) => {
    const stream = client[method]({ deadline: Date.now() + 60000 }, (error, response) =>
      error ? reject(error) : resolve(response));
    for (const request of requests) stream.write(request);
    stream.end();
  });

const write = (id, text, color) =>
  ({ chunk: { chunk_id: id, text, metadata: { color: { string_value: color } } } });

async function watch(job) {
  const states = [];
  await new Promise((resolve, reject) => {
    const stream = ingest.WatchJob({ workspace, job_id: job.job_id }, { deadline: Date.now() + 60000 });
    stream.on('data', response => states.push(response.job));
    stream.on('error', reject);
    stream.on('end', resolve);
  });
  const last = states.at(-1);
  assert.strictEqual(last.state, 'JOB_STATE_DONE', JSON.stringify(last));
  return last;
}

const steps = {
  async create_workspace() {
    const created = await call(workspaces, 'CreateWorkspace', { workspace: { name: workspace } });
    assert.strictEqual(created.workspace.state, 'WORKSPACE_STATE_ACTIVE');
    const listed = await call(workspaces, 'ListWorkspaces', {});
    assert.ok(listed.workspaces.some(one => one.name === workspace));
  },
  async upsert_and_search() {
    const written = await call(chunks, 'UpsertChunks', {
      workspace,
      chunks: [write('cat', 'A cat sleeps on the warm sofa.', 'red'), write('tax', 'Taxes are due in April.', 'blue')],
    });
    assert.deepStrictEqual(written.results.filter(result => result.error), []);
    const search = { workspace, text: 'a resting pet', k: 2, return_fields: { text: true, metadata: true } };
    const found = await call(searches, 'Search', { ...search, min_consistency_token: written.consistency_token });
    assert.strictEqual(found.hits[0].chunk_id, 'cat');
    assert.strictEqual(found.hits[0].text, 'A cat sleeps on the warm sofa.');
    assert.strictEqual(found.hits[0].metadata.color.string_value, 'red');
    assert.ok(found.hits[0].score > found.hits[1].score);
    const blue = { equal: { key: 'color', value: { string_value: 'blue' } } };
    const filtered = await call(searches, 'Search', { ...search, filter: blue });
    assert.deepStrictEqual(filtered.hits.map(hit => hit.chunk_id), ['tax']);
  },
  async bulk_upsert() {
    const requests = [...Array(5).keys()].map(i => ({
      workspace,
      chunks: [...Array(20).keys()].map(j => write(`bulk-${i}-${j}`, `Item ${i} of list ${j}.`, 'green')),
    }));
    const response = await send(chunks, 'BulkUpsertChunks', requests);
    assert.strictEqual(response.written_count, 100);
    const counted = await call(chunks, 'CountChunks', {
      workspace, filter: { equal: { key: 'color', value: { string_value: 'green' } } } });
    assert.strictEqual(counted.count, 100);
  },
  async search_stream() {
    const stream = searches.SearchStream({ deadline: Date.now() + 60000 });
    const answers = new Map();
    const ended = new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
    stream.on('data', response => answers.set(response.correlation_id, response.result));
    for (let id = 1; id <= 10; id++)
      stream.write({ correlation_id: id, search: { workspace: id === 7 ? 'nowhere' : workspace, text: 'cat', k: 1 } });
    stream.end();
    await ended;
    assert.strictEqual(answers.size, 10);
    assert.strictEqual(answers.get(7).error.code, grpc.status.NOT_FOUND);
    assert.strictEqual(answers.get(3).response.hits[0].chunk_id, 'cat');
  },
  async ingest_text_and_watch() {
    const source = { workspace, document_id: 'moon', file_name: 'moon.md' };
    const text = '# Moon\n\nThe moon circles the earth in 27 days.';
    const { job } = await call(ingest, 'SubmitText', { source, text });
    assert.ok((await watch(job)).chunks > 0);
    const { document } = await call(ingest, 'GetDocument', { workspace, document_id: 'moon' });
    assert.strictEqual(document.file_name, 'moon.md');
  },
  async ingest_file_in_pieces() {
    const source = { workspace, document_id: 'sea', file_name: 'sea.txt' };
    const text = Buffer.from('Waves break on the shore. '.repeat(400));
    const pieces = [{ source }];
    for (let start = 0; start < text.length; start += 1000) pieces.push({ data: text.subarray(start, start + 1000) });
    const { job } = await send(ingest, 'SubmitFile', pieces);
    assert.strictEqual(job.size_bytes, text.length);
    assert.ok((await watch(job)).chunks > 1);
    const found = await call(searches, 'Search', { workspace, text: 'surf at the beach', k: 1 });
    assert.strictEqual(found.hits[0].document_id, 'sea');
  },
  async errors_say_what_to_do() {
    const error = await call(searches, 'Search', { workspace: 'nowhere', text: 'x', k: 1 }).then(
      () => assert.fail('It should have failed.'), e => e);
    assert.strictEqual(error.code, grpc.status.NOT_FOUND);
    assert.ok(error.details.includes('nowhere'));
    const wrong = await call(searches, 'Search', { workspace, text: 'x', k: 10000000 }).catch(e => e);
    assert.strictEqual(wrong.code, grpc.status.INVALID_ARGUMENT);
    assert.strictEqual(wrong.metadata.get('grpc-status-details-bin').length, 1);
  },
};

for (const name of names) {
  try {
    await steps[name]();
    console.log(JSON.stringify({ case: name, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ case: name, ok: false, error: String(error.stack ?? error) }));
  }
}
process.exit(0);
