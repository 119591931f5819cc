namespace Rag.Cli.Composition;

/// <summary>Where models lie: those that were pulled, and those that come with the program.</summary>
internal static class ModelFolders
{
    public const string Variable = "RAG_MODEL_FOLDER";

    /// <summary>The folder that <c>rag model pull</c> writes to: RAG_MODEL_FOLDER, else <c>models</c> beside the default data.</summary>
    public static string Pulled
    {
        get
        {
            var named = Environment.GetEnvironmentVariable(Variable);
            return Path.GetFullPath(string.IsNullOrEmpty(named)
                ? Path.Combine(DataFolder.Resolve(null).Path, "..", "models")
                : named);
        }
    }

    /// <summary>All of them; what was pulled comes first.</summary>
    public static IReadOnlyList<string> All
    {
        get
        {
            string[] bundled = Checkout.Folder is { } checkout
                ? [Path.Combine(checkout, "models")]
                : [Path.Combine(AppContext.BaseDirectory, "models")];
            return [Pulled, .. bundled];
        }
    }
}
