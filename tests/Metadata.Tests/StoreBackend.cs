using Rag.Metadata.Tests.Sqlite;

namespace Rag.Metadata.Tests;

/// <summary>A kind of store that has to keep the contract.</summary>
public sealed class StoreBackend(Func<Task<StoreFixture>> open)
{
    public static StoreBackend Sqlite { get; } = new(async () => await SqliteStoreFixture.StartAsync());

    public Task<StoreFixture> OpenAsync() => open();
}
