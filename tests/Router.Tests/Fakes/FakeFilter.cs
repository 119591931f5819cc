using Rag.V1;

namespace Rag.Router.Tests.Fakes;

/// <summary>As much of filters as the router's tests need: equality and lists.</summary>
internal static class FakeFilter
{
    public static bool Accepts(Filter filter, Chunk chunk) => filter.KindCase switch
    {
        Filter.KindOneofCase.All => filter.All.Filters.All(part => Accepts(part, chunk)),
        Filter.KindOneofCase.Any => filter.Any.Filters.Any(part => Accepts(part, chunk)),
        Filter.KindOneofCase.Not => !Accepts(filter.Not, chunk),
        Filter.KindOneofCase.Equal => chunk.Metadata.TryGetValue(filter.Equal.Key, out var value)
            && value.Equals(filter.Equal.Value),
        _ => throw new NotSupportedException(filter.KindCase.ToString()),
    };
}
