using Microsoft.Extensions.DependencyInjection;
using Rag.Metadata;
using Rag.Metadata.Sqlite;

namespace Rag.Cli.Composition;

/// <summary>Composes the metadata store: SQLite in <c>metadata</c> of the data folder.</summary>
internal static class MetadataParts
{
    public static async Task AddAsync(ProcessHost host, DataFolder data, CancellationToken cancellationToken)
    {
        var options = new SqliteMetadataOptions { Folder = Path.Combine(data.Path, "metadata") };
        var store = await SqliteMetadataStore.OpenAsync(options, host.Loggers, cancellationToken: cancellationToken);
        host.Builder.Services.AddSingleton<IMetadataStore>(host.Own(store));
    }
}
