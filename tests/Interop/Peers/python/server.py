"""The interoperability server on grpcio: server.py DESCRIPTORS. Prints "LISTENING port" and serves until ended."""
import sys
import time
from concurrent import futures

import grpc

from peer import ECHO_INITIAL, ECHO_TRAILING, Messages, say, serialize

messages = Messages(sys.argv[1])
CODES = {code.value[0]: code for code in grpc.StatusCode}


def message(name):
    return messages("grpc.testing." + name)


def payload(size):
    return message("Payload")(body=bytes(size))


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == ECHO_INITIAL:
            context.send_initial_metadata(((key, value),))
        elif key == ECHO_TRAILING:
            context.set_trailing_metadata(((key, value),))


def end(request, context):
    status = request.response_status
    if status.code:
        context.abort(CODES[status.code], status.message)


def empty_call(request, context):
    return message("Empty")()


def unary_call(request, context):
    if request.response_compressed.value:
        context.set_compression(grpc.Compression.Gzip)
    echo_metadata(context)
    end(request, context)
    return message("SimpleResponse")(payload=payload(request.response_size))


def respond(request, context):
    end(request, context)
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        if parameters.HasField("compressed") and not parameters.compressed.value:
            context.disable_next_message_compression()
        yield message("StreamingOutputCallResponse")(payload=payload(parameters.size))


def streaming_output_call(request, context):
    if any(parameters.compressed.value for parameters in request.response_parameters):
        context.set_compression(grpc.Compression.Gzip)
    echo_metadata(context)
    yield from respond(request, context)


def streaming_input_call(requests, context):
    size = sum(len(request.payload.body) for request in requests)
    return message("StreamingInputCallResponse")(aggregated_payload_size=size)


def full_duplex_call(requests, context):
    echo_metadata(context)
    for request in requests:
        yield from respond(request, context)


def handler(kind, function, request):
    make = getattr(grpc, kind + "_rpc_method_handler")
    return make(function, request_deserializer=message(request).FromString, response_serializer=serialize)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.testing.TestService", {
    "EmptyCall": handler("unary_unary", empty_call, "Empty"),
    "UnaryCall": handler("unary_unary", unary_call, "SimpleRequest"),
    "StreamingOutputCall": handler("unary_stream", streaming_output_call, "StreamingOutputCallRequest"),
    "StreamingInputCall": handler("stream_unary", streaming_input_call, "StreamingInputCallRequest"),
    "FullDuplexCall": handler("stream_stream", full_duplex_call, "StreamingOutputCallRequest"),
}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
say("LISTENING %d" % port)
server.wait_for_termination()
