using System.Net;
using Grpc.Core;
using Grpc.Framing;
using Grpc.Net.Client;

namespace Rag.Transport.Tests.Framing;

public sealed class StatusMappingTests
{
    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(302, StatusCode.Unknown)]
    public void An_http_status_maps_as_the_protocol_says(int http, StatusCode code) =>
        HttpStatusMapping.FromHttpStatus((HttpStatusCode)http).ShouldBe(code);

    [Theory]
    [InlineData(0x1, StatusCode.Internal)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0xc, StatusCode.PermissionDenied)]
    public void A_reset_maps_as_the_protocol_says(long error, StatusCode code)
    {
        var reset = new HttpRequestException("x", new IOException("y", new HttpProtocolException(error, "z", null)));
        TransportFailure.ToStatus(reset).StatusCode.ShouldBe(code);
    }

    [Fact]
    public void A_lost_connection_is_unavailable()
    {
        TransportFailure.ToStatus(new HttpRequestException("refused")).StatusCode.ShouldBe(StatusCode.Unavailable);
        TransportFailure.ToStatus(new IOException("gone")).StatusCode.ShouldBe(StatusCode.Unavailable);
        TransportFailure.ToStatus(new HttpProtocolException(0, "GOAWAY", null)).StatusCode
            .ShouldBe(StatusCode.Unavailable);
    }
}
