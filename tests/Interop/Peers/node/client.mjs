// Runs interoperability cases with @grpc/grpc-js: node client.mjs PORT CASE… Prints one JSON object a case.
import assert from 'node:assert';
import grpc from '@grpc/grpc-js';
import { echoInitial, echoTrailing, testing, zeros } from './peer.mjs';

const [port, ...names] = process.argv.slice(2);
const gzip = 2;
const connect = (service, options) =>
  new service(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), options);
const client = connect(testing.TestService);
const compressing = connect(testing.TestService, { 'grpc.default_compression_algorithm': gzip });
const special = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
const requestSizes = [27182, 8, 1828, 45904];
const responseSizes = [31415, 9, 2653, 58979];

const unary = (method, request, metadata = new grpc.Metadata(), on = client) =>
  new Promise((resolve, reject) => {
    const result = {};
    const call = on[method](request, metadata, (error, response) => {
      result.response = response;
      if (error) reject(error);
    });
    call.on('metadata', headers => (result.headers = headers));
    call.on('status', status => {
      result.status = status;
      if (status.code === grpc.status.OK) resolve(result);
    });
  });

const drain = call =>
  new Promise((resolve, reject) => {
    const responses = [];
    const result = { responses };
    call.on('metadata', headers => (result.headers = headers));
    call.on('data', response => responses.push(response));
    call.on('error', reject);
    call.on('status', status => {
      result.status = status;
      if (status.code === grpc.status.OK) resolve(result);
    });
  });

async function fails(promise, code, details) {
  const error = await promise.then(() => assert.fail('It should have failed.'), e => e);
  assert.strictEqual(error.code, code, error.stack);
  if (details !== undefined) assert.strictEqual(error.details, details);
}

function inputCall(on, messages) {
  return new Promise((resolve, reject) => {
    const call = on.StreamingInputCall((error, response) => (error ? reject(error) : resolve(response)));
    for (const message of messages) call.write(message);
    call.end();
  });
}

async function customMetadata(call) {
  const metadata = new grpc.Metadata();
  metadata.set(echoInitial, 'test_initial_metadata_value');
  metadata.set(echoTrailing, Buffer.from([0xab, 0xab, 0xab]));
  const result = await call(metadata);
  assert.deepStrictEqual(result.headers.get(echoInitial), ['test_initial_metadata_value']);
  assert.deepStrictEqual(result.status.metadata.get(echoTrailing), [Buffer.from([0xab, 0xab, 0xab])]);
}

function duplex(requests, metadata) {
  const call = client.FullDuplexCall(metadata ?? new grpc.Metadata());
  const result = drain(call);
  for (const request of requests) call.write(request);
  call.end();
  return result;
}

const large = { response_size: 314159, payload: zeros(271828) };
const ask = (response, request) => ({ response_parameters: [{ size: response }], payload: zeros(request) });

const cases = {
  empty_unary: async () => assert.deepStrictEqual({ ...(await unary('EmptyCall', {})).response }, {}),
  async large_unary() {
    const { response } = await unary('UnaryCall', large);
    assert.ok(response.payload.body.equals(Buffer.alloc(314159)));
  },
  async client_streaming() {
    const response = await inputCall(client, requestSizes.map(size => ({ payload: zeros(size) })));
    assert.strictEqual(response.aggregated_payload_size, 74922);
  },
  async server_streaming() {
    const request = { response_parameters: responseSizes.map(size => ({ size })) };
    const { responses } = await drain(client.StreamingOutputCall(request));
    assert.deepStrictEqual(responses.map(one => one.payload.body.length), responseSizes);
  },
  async ping_pong() {
    const call = client.FullDuplexCall();
    const ended = new Promise((resolve, reject) => call.on('status', resolve).on('error', reject));
    let index = 0;
    const send = () => call.write(ask(responseSizes[index], requestSizes[index]));
    call.on('data', response => {
      assert.strictEqual(response.payload.body.length, responseSizes[index++]);
      if (index < responseSizes.length) send();
      else call.end();
    });
    send();
    assert.strictEqual((await ended).code, grpc.status.OK);
    assert.strictEqual(index, 4);
  },
  empty_stream: async () => assert.strictEqual((await duplex([])).responses.length, 0),
  async cancel_after_begin() {
    await fails(new Promise((resolve, reject) => {
      const call = client.StreamingInputCall(error => (error ? reject(error) : resolve()));
      setImmediate(() => call.cancel());
    }), grpc.status.CANCELLED);
  },
  async cancel_after_first_response() {
    const call = client.FullDuplexCall();
    const result = drain(call);
    call.on('data', () => call.cancel());
    call.write(ask(31415, 27182));
    await fails(result, grpc.status.CANCELLED);
  },
  async timeout_on_sleeping_server() {
    const call = client.FullDuplexCall({ deadline: Date.now() + 20 });
    const result = drain(call);
    call.write({ payload: zeros(27182) });
    await fails(result, grpc.status.DEADLINE_EXCEEDED);
  },
  async custom_metadata() {
    await customMetadata(metadata => unary('UnaryCall', large, metadata));
    await customMetadata(metadata => duplex([ask(314159, 271828)], metadata));
  },
  async status_code_and_message() {
    const response_status = { code: 2, message: 'test status message' };
    await fails(unary('UnaryCall', { response_status }), 2, 'test status message');
    await fails(duplex([{ response_status }]), 2, 'test status message');
  },
  special_status_message: () =>
    fails(unary('UnaryCall', { response_status: { code: 2, message: special } }), 2, special),
  unimplemented_method: () => fails(unary('UnimplementedCall', {}), grpc.status.UNIMPLEMENTED),
  unimplemented_service: () =>
    fails(unary('UnimplementedCall', {}, undefined, connect(testing.UnimplementedService)), grpc.status.UNIMPLEMENTED),
  async client_compressed_unary() {
    const request = { ...large, expect_compressed: { value: true } };
    await fails(unary('UnaryCall', request), grpc.status.INVALID_ARGUMENT);
    const { response } = await unary('UnaryCall', request, undefined, compressing);
    assert.strictEqual(response.payload.body.length, 314159);
    await unary('UnaryCall', { ...large, expect_compressed: { value: false } });
  },
  async server_compressed_unary() {
    for (const value of [true, false]) {
      const { response } = await unary('UnaryCall', { ...large, response_compressed: { value } });
      assert.ok(response.payload.body.equals(Buffer.alloc(314159)));
    }
  },
  async client_compressed_streaming() {
    const messages = [27182, 45904].map(size => ({ payload: zeros(size), expect_compressed: { value: true } }));
    await fails(inputCall(client, messages), grpc.status.INVALID_ARGUMENT);
    assert.strictEqual((await inputCall(compressing, messages)).aggregated_payload_size, 73086);
  },
  async server_compressed_streaming() {
    const response_parameters = [
      { size: 31415, compressed: { value: true } }, { size: 92653, compressed: { value: false } }];
    const { responses } = await drain(client.StreamingOutputCall({ response_parameters }));
    assert.deepStrictEqual(responses.map(one => one.payload.body.length), [31415, 92653]);
  },
};

for (const name of names) {
  const limit = new Promise((_, reject) => setTimeout(() => reject(new Error('It took too long.')), 30000).unref());
  try {
    await Promise.race([cases[name](), limit]);
    console.log(JSON.stringify({ case: name, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ case: name, ok: false, error: String(error.stack ?? error) }));
  }
}
process.exit(0);
