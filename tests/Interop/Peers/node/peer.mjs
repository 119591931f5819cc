// What the Node client and server share: the service's definition, loaded from the proto.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../Protos');
const shape = { includeDirs: [folder], keepCase: true, defaults: true };
const definition = loader.loadSync('grpc/testing/test.proto', shape);

export const testing = grpc.loadPackageDefinition(definition).grpc.testing;
export const echoInitial = 'x-grpc-test-echo-initial';
export const echoTrailing = 'x-grpc-test-echo-trailing-bin';
export const zeros = size => ({ body: Buffer.alloc(size) });
