using Microsoft.Extensions.DependencyInjection;
using Rag.Engine;
using Rag.Shard;
using Rag.Shard.Mapping;

namespace Rag.Cli.Composition;

/// <summary>Composes a shard: its store in <c>shard</c> of the data folder, its models, its service.</summary>
internal static class ShardParts
{
    public static async Task AddAsync(
        ProcessHost host, DataFolder data, Settings settings, string name, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(data.Path, "shard");
        var store = settings.Get("Store", new StoreOptions { DataFolder = folder }) with
        {
            DataFolder = folder, AttributeText = PassageHeadings.Read,
        };
        var options = settings.Get("Shard", new ShardOptions { Store = store }) with { Name = name, Store = store };
        var models = settings.Get("Models", new ModelOptions { Folders = ModelFolders.All });
        if (models.Folders is null or { Count: 0 })
            models = models with { Folders = ModelFolders.All };
        host.Builder.Services.AddShard(
            options, models,
            host.Own(await ShardStore.OpenAsync(store, host.Loggers, TimeProvider.System, cancellationToken)));
    }
}
