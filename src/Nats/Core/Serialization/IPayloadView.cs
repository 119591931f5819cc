namespace NATS.Client.Core;

/// <summary>A serializer whose values are bytes already: they go to the send buffer without a copy in between.</summary>
internal interface IPayloadView<in T>
{
    ReadOnlySpan<byte> View(T value);
}
