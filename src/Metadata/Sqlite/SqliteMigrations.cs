using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Rag.Metadata.Sqlite;

/// <summary>
/// Brings a database file to the newest schema: numbered scripts, embedded in the assembly as NAME-NNNN.sql, all in
/// one transaction under an exclusive lock, so that several processes may start at once.
/// </summary>
internal static class SqliteMigrations
{
    public static void Apply(SqliteSession session, string path, string name, int applicationId, ILogger logger)
    {
        var scripts = Scripts(name);
        // Read without a lock first: the common start has nothing to do and must not wait for a busy writer.
        if (VersionOf(session, path, applicationId, scripts.Count) == scripts.Count)
            return;
        session.RunScript("BEGIN EXCLUSIVE");
        try
        {
            var version = VersionOf(session, path, applicationId, scripts.Count);
            for (var number = version + 1; number <= scripts.Count; number++)
                session.RunScript(scripts[number - 1]);
            session.RunScript(string.Create(CultureInfo.InvariantCulture,
                $"PRAGMA application_id = {applicationId}; PRAGMA user_version = {scripts.Count}; COMMIT"));
            if (version < scripts.Count)
                MetadataLog.Migrated(logger, path, version, scripts.Count);
        }
        catch
        {
            session.RunScript("ROLLBACK");
            throw;
        }
    }

    private static int VersionOf(SqliteSession session, string path, int applicationId, int newest)
    {
        var version = (int)(session.ReadLong("PRAGMA user_version") ?? 0);
        var owner = (int)(session.ReadLong("PRAGMA application_id") ?? 0);
        if (version > newest)
        {
            throw new MetadataStoreException(MetadataFault.TooNew,
                $"{path} has schema version {version}, but this release knows versions up to {newest}: "
                + "start the newer release, or restore the backup that was made before the upgrade.");
        }

        var tables = session.ReadLong("SELECT count(*) FROM sqlite_schema") ?? 0;
        if (owner != applicationId && (owner != 0 || version != 0 || tables != 0))
        {
            throw new MetadataStoreException(MetadataFault.Corrupt,
                $"{path} is a database of something else: name another data folder.");
        }

        return version;
    }

    private static List<string> Scripts(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var scripts = new List<string>();
        while (assembly.GetManifestResourceStream($"{name}-{scripts.Count + 1:0000}.sql") is { } stream)
        {
            using var reader = new StreamReader(stream);
            scripts.Add(reader.ReadToEnd());
        }

        return scripts;
    }
}
