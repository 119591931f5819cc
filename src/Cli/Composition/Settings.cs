using Microsoft.Extensions.Configuration;

namespace Rag.Cli.Composition;

/// <summary>
/// The processes' options: the data folder's <c>rag.json</c>, overridden by environment variables such as
/// <c>RAG_Store__MemoryCapBytes</c>. Sections: Store, Shard, Models, Router, Ingestor, Rebalance, Greeting, Nats, Metadata. An
/// unknown key is an error, so that a misspelt one does not stay unnoticed.
/// </summary>
internal sealed class Settings
{
    public const string FileName = "rag.json";

    private const string Prefix = "RAG_";

    private readonly IConfiguration _configuration;

    private Settings(IConfiguration configuration) => _configuration = configuration;

    /// <exception cref="CliException">The file is not JSON.</exception>
    public static Settings Read(DataFolder data)
    {
        var file = Path.Combine(data.Path, FileName);
        try
        {
            return new Settings(new ConfigurationBuilder()
                .AddJsonFile(file, optional: true, reloadOnChange: false)
                .AddEnvironmentVariables(Prefix)
                .Build());
        }
        catch (Exception broken) when (broken is InvalidDataException or FormatException)
        {
            throw new CliException($"{file} cannot be read: {(broken.InnerException ?? broken).Message}");
        }
    }

    /// <summary>A section's options; those not named keep their defaults.</summary>
    /// <exception cref="CliException">A key is unknown or its value cannot be read.</exception>
    public T Get<T>(string section, T otherwise)
        where T : class
    {
        try
        {
            var options = _configuration.GetSection(section).Get<T>(binder => binder.ErrorOnUnknownConfiguration = true);
            return options ?? otherwise;
        }
        catch (InvalidOperationException wrong)
        {
            throw new CliException($"Option section {section}: {(wrong.InnerException ?? wrong).Message}");
        }
    }
}
