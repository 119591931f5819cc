using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server;

/// <summary>Reads a caller's metadata from a request's headers.</summary>
internal static class RequestMetadata
{
    public static Metadata Read(IHeaderDictionary headers)
    {
        var metadata = new Metadata(headers.Count);
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
                MetadataHeaders.Add(metadata, name, value);
        }

        return metadata.Freeze();
    }
}
