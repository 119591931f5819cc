"""Runs interoperability cases with grpcio: client.py DESCRIPTORS PORT CASE… Prints one JSON object a case."""
import json
import queue
import sys
import traceback

import grpc

from peer import ECHO_INITIAL, ECHO_TRAILING, SERVICE, Messages, method, say

messages = Messages(sys.argv[1])
channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[2])
SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001F608\t\n"
REQUEST_SIZES = [27182, 8, 1828, 45904]
RESPONSE_SIZES = [31415, 9, 2653, 58979]
LIMIT = 30


def message(name, **fields):
    return messages("grpc.testing." + name)(**fields)


def payload(size):
    return message("Payload", body=bytes(size))


def flag(value):
    return message("BoolValue", value=value)


def call(kind, name, response, service=SERVICE):
    return method(channel, kind, service + name, messages("grpc.testing." + response))


unary = call("unary_unary", "UnaryCall", "SimpleResponse")
duplex = call("stream_stream", "FullDuplexCall", "StreamingOutputCallResponse")
output = call("unary_stream", "StreamingOutputCall", "StreamingOutputCallResponse")
collect = call("stream_unary", "StreamingInputCall", "StreamingInputCallResponse")


def large(**fields):
    return message("SimpleRequest", response_size=314159, payload=payload(271828), **fields)


def ask(response, request):
    parameters = message("ResponseParameters", size=response)
    return message("StreamingOutputCallRequest", response_parameters=[parameters], payload=payload(request))


def inputs(sizes, **fields):
    return iter([message("StreamingInputCallRequest", payload=payload(size), **fields) for size in sizes])


def fails(function, code, details=None):
    try:
        function()
    except grpc.RpcError as error:
        assert error.code() == code, error
        assert details is None or error.details() == details, error
    else:
        raise AssertionError("It should have failed.")


def empty_unary():
    assert call("unary_unary", "EmptyCall", "Empty")(message("Empty"), timeout=LIMIT) == message("Empty")


def large_unary():
    assert unary(large(), timeout=LIMIT).payload.body == bytes(314159)


def client_streaming():
    assert collect(inputs(REQUEST_SIZES), timeout=LIMIT).aggregated_payload_size == 74922


def server_streaming():
    parameters = [message("ResponseParameters", size=size) for size in RESPONSE_SIZES]
    responses = output(message("StreamingOutputCallRequest", response_parameters=parameters), timeout=LIMIT)
    assert [len(response.payload.body) for response in responses] == RESPONSE_SIZES


def ping_pong():
    requests = queue.Queue()
    responses = duplex(iter(requests.get, None), timeout=LIMIT)
    for size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.put(ask(response_size, size))
        assert len(next(responses).payload.body) == response_size
    requests.put(None)
    assert next(responses, None) is None


def empty_stream():
    assert list(duplex(iter(()), timeout=LIMIT)) == []


def cancel_after_begin():
    requests = queue.Queue()
    future = collect.future(iter(requests.get, None), timeout=LIMIT)
    future.cancel()
    requests.put(None)
    assert future.cancelled() and future.code() == grpc.StatusCode.CANCELLED


def cancel_after_first_response():
    requests = queue.Queue()
    responses = duplex(iter(requests.get, None), timeout=LIMIT)
    requests.put(ask(31415, 27182))
    next(responses)
    responses.cancel()
    requests.put(None)
    fails(lambda: next(responses), grpc.StatusCode.CANCELLED)


def timeout_on_sleeping_server():
    requests = queue.Queue()
    requests.put(message("StreamingOutputCallRequest", payload=payload(27182)))
    responses = duplex(iter(requests.get, None), timeout=0.02)
    fails(lambda: next(responses), grpc.StatusCode.DEADLINE_EXCEEDED)
    requests.put(None)


def custom_metadata():
    metadata = ((ECHO_INITIAL, "test_initial_metadata_value"), (ECHO_TRAILING, b"\xab\xab\xab"))
    _, one = unary.with_call(large(), metadata=metadata, timeout=LIMIT)
    stream = duplex(iter([ask(314159, 271828)]), metadata=metadata, timeout=LIMIT)
    assert len(list(stream)) == 1
    for done in (one, stream):
        assert dict(done.initial_metadata())[ECHO_INITIAL] == "test_initial_metadata_value"
        assert dict(done.trailing_metadata())[ECHO_TRAILING] == b"\xab\xab\xab"


def status_code_and_message():
    status = message("EchoStatus", code=2, message="test status message")
    unknown = grpc.StatusCode.UNKNOWN
    fails(lambda: unary(message("SimpleRequest", response_status=status), timeout=LIMIT), unknown, status.message)
    requests = [message("StreamingOutputCallRequest", response_status=status)]
    fails(lambda: list(duplex(iter(requests), timeout=LIMIT)), unknown, status.message)


def special_status_message():
    status = message("EchoStatus", code=2, message=SPECIAL)
    fails(lambda: unary(message("SimpleRequest", response_status=status), timeout=LIMIT),
          grpc.StatusCode.UNKNOWN, SPECIAL)


def unimplemented_method():
    missing = call("unary_unary", "UnimplementedCall", "Empty")
    fails(lambda: missing(message("Empty"), timeout=LIMIT), grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service():
    missing = call("unary_unary", "UnimplementedCall", "Empty", "/grpc.testing.UnimplementedService/")
    fails(lambda: missing(message("Empty"), timeout=LIMIT), grpc.StatusCode.UNIMPLEMENTED)


def client_compressed_unary():
    request = large(expect_compressed=flag(True))
    fails(lambda: unary(request, timeout=LIMIT), grpc.StatusCode.INVALID_ARGUMENT)
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        assert len(unary(request, timeout=LIMIT, compression=compression).payload.body) == 314159
    unary(large(expect_compressed=flag(False)), timeout=LIMIT)


def server_compressed_unary():
    for value in (True, False):
        assert unary(large(response_compressed=flag(value)), timeout=LIMIT).payload.body == bytes(314159)


def client_compressed_streaming():
    def send(compression):
        return collect(inputs([27182, 45904], expect_compressed=flag(True)), timeout=LIMIT, compression=compression)

    fails(lambda: send(None), grpc.StatusCode.INVALID_ARGUMENT)
    assert send(grpc.Compression.Gzip).aggregated_payload_size == 73086


def server_compressed_streaming():
    parameters = [message("ResponseParameters", size=31415, compressed=flag(True)),
                  message("ResponseParameters", size=92653, compressed=flag(False))]
    responses = output(message("StreamingOutputCallRequest", response_parameters=parameters), timeout=LIMIT)
    assert [len(response.payload.body) for response in responses] == [31415, 92653]


for name in sys.argv[3:]:
    try:
        globals()[name]()
        say(json.dumps({"case": name, "ok": True}))
    except Exception:
        say(json.dumps({"case": name, "ok": False, "error": traceback.format_exc()}))
