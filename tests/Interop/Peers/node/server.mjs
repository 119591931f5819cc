// The interoperability server on @grpc/grpc-js. Prints "LISTENING port" and serves until it is ended.
import grpc from '@grpc/grpc-js';
import { echoInitial, echoTrailing, testing, zeros } from './peer.mjs';

function sendInitial(call) {
  const value = call.metadata.get(echoInitial);
  if (value.length > 0) {
    const headers = new grpc.Metadata();
    headers.set(echoInitial, value[0]);
    call.sendMetadata(headers);
  }
}

function trailers(call) {
  const metadata = new grpc.Metadata();
  for (const value of call.metadata.get(echoTrailing)) metadata.add(echoTrailing, value);
  return metadata;
}

const failure = (status, metadata) => ({ code: status.code, details: status.message, metadata });

function respond(call, request) {
  if (request.response_status && request.response_status.code) {
    call.emit('error', failure(request.response_status, trailers(call)));
    return false;
  }
  for (const parameters of request.response_parameters) call.write({ payload: zeros(parameters.size) });
  return true;
}

const server = new grpc.Server();
server.addService(testing.TestService.service, {
  EmptyCall: (call, done) => done(null, {}),
  UnaryCall(call, done) {
    sendInitial(call);
    const status = call.request.response_status;
    if (status && status.code) done(failure(status, trailers(call)));
    else done(null, { payload: zeros(call.request.response_size) }, trailers(call));
  },
  StreamingOutputCall(call) {
    sendInitial(call);
    if (respond(call, call.request)) call.end(trailers(call));
  },
  StreamingInputCall(call, done) {
    let size = 0;
    call.on('data', request => (size += request.payload?.body.length ?? 0));
    call.on('end', () => done(null, { aggregated_payload_size: size }));
  },
  FullDuplexCall(call) {
    sendInitial(call);
    let open = true;
    call.on('data', request => (open = open && respond(call, request)));
    call.on('end', () => open && call.end(trailers(call)));
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`LISTENING ${port}`);
});
