using Rag.Embedding;

namespace Rag.Cli.Output;

/// <summary>Models, for people and for programs.</summary>
internal static class ModelText
{
    public static void Write(TextWriter output, ModelInfo model, bool asJson)
    {
        if (!asJson)
        {
            output.WriteLine(
                $"{model.Name}  {model.Dimension}d  {model.MaxTokens} tokens  {Encoders(model)}  "
                + $"{ByteCount.Format(model.Bytes)}  {model.Licence ?? "licence unknown"}");
            return;
        }

        JsonLines.Write(output, json =>
        {
            json.WriteString("name", model.Name);
            json.WriteNumber("dimension", model.Dimension);
            json.WriteNumber("max_tokens", model.MaxTokens);
            json.WriteStartArray("encoders");
            foreach (var encoder in model.Encoders)
                json.WriteStringValue(Word(encoder));
            json.WriteEndArray();
            json.WriteString("licence", model.Licence);
            json.WriteNumber("bytes", model.Bytes);
            json.WriteString("folder", model.Folder);
        });
    }

    public static string Details(ModelInfo model) => string.Join(
        Environment.NewLine,
        $"name        {model.Name}",
        $"licence     {model.Licence ?? "unknown"}",
        $"dimension   {model.Dimension}",
        $"max tokens  {model.MaxTokens}",
        $"encoders    {Encoders(model)}",
        $"pooling     {Word(model.Pooling)}{(model.Normalize ? ", normalised" : "")}",
        $"prefixes    query '{model.QueryPrefix}', passage '{model.PassagePrefix}'",
        $"size        {ByteCount.Format(model.Bytes)}",
        $"folder      {model.Folder}");

    private static string Encoders(ModelInfo model) => string.Join("+", model.Encoders.Select(Word));

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
