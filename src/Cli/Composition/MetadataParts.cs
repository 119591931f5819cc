using Microsoft.Extensions.DependencyInjection;
using Rag.Metadata;
using Rag.Metadata.Postgres;
using Rag.Metadata.Sqlite;

namespace Rag.Cli.Composition;

/// <summary>
/// Composes the metadata store: PostgreSQL where <c>Metadata:ConnectionString</c> names servers, else SQLite in
/// <c>metadata</c> of the data folder.
/// </summary>
internal static class MetadataParts
{
    /// <exception cref="CliException">An option is wrong, or the store cannot be used.</exception>
    public static async Task AddAsync(
        ProcessHost host, DataFolder data, Settings settings, CancellationToken cancellationToken)
    {
        var options = settings.Get("Metadata", new PostgresMetadataOptions());
        IMetadataStore store = options.ConnectionString.Length > 0
            ? await OpenAsync(host, options, cancellationToken)
            : await SqliteMetadataStore.OpenAsync(
                new SqliteMetadataOptions { Folder = Path.Combine(data.Path, "metadata") }, host.Loggers,
                cancellationToken: cancellationToken);
        host.Builder.Services.AddSingleton(host.Own(store));
    }

    /// <summary>Whether the metadata lies in the data folder, which one process at a time may lock.</summary>
    public static bool LiesInFolder(Settings settings) =>
        settings.Get("Metadata", new PostgresMetadataOptions()).ConnectionString.Length == 0;

    private static async Task<PostgresMetadataStore> OpenAsync(
        ProcessHost host, PostgresMetadataOptions options, CancellationToken cancellationToken)
    {
        var problems = options.Validate().ToList();
        if (problems.Count > 0)
            throw new CliException($"Option section Metadata: {string.Join(" ", problems)}");
        try
        {
            return await PostgresMetadataStore.OpenAsync(options, host.Loggers, cancellationToken: cancellationToken);
        }
        catch (MetadataStoreException failed)
        {
            throw new CliException(failed.Message);
        }
    }
}
