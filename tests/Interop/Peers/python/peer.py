"""What the Python client and server share: messages made at run time from a descriptor set, so that no generated
code has to fit the installed protobuf runtime."""
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"
SERVICE = "/grpc.testing.TestService/"


class Messages:
    """Message classes by full name, from a serialised FileDescriptorSet whose files stand after their imports."""

    def __init__(self, path):
        self._pool = descriptor_pool.DescriptorPool()
        files = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as stream:
            files.ParseFromString(stream.read())
        for file in files.file:
            self._pool.Add(file)
        self._factory = message_factory.MessageFactory(self._pool)

    def __call__(self, full_name):
        return self._factory.GetPrototype(self._pool.FindMessageTypeByName(full_name))


def serialize(message):
    return message.SerializeToString()


def method(channel, kind, path, response):
    """A callable for a method: kind is unary_unary, unary_stream, stream_unary or stream_stream."""
    return getattr(channel, kind)(path, request_serializer=serialize, response_deserializer=response.FromString)


def say(text):
    print(text)
    sys.stdout.flush()
