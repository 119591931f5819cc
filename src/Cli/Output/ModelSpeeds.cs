using System.Globalization;
using Rag.Embedding;

namespace Rag.Cli.Output;

/// <summary>What a model was measured to do here.</summary>
internal static class ModelSpeeds
{
    public static void Write(TextWriter output, ModelTestResult result)
    {
        output.WriteLine($"{result.Model.Name} on {result.Processor}, {result.Cores} cores; {result.Provider ?? "no transformer"}");
        output.WriteLine($"{"",-48}  {"tokens",6}  {"texts/s",10}  {"tokens/s",12}");
        foreach (var speed in result.Speeds)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{speed.What,-48}  {speed.TokensEach,6}  {speed.TextsPerSecond,10:0.0}  {speed.TokensPerSecond,12:0}"));
        }
    }

    public static void WriteJson(TextWriter output, ModelTestResult result)
    {
        foreach (var speed in result.Speeds)
        {
            JsonLines.Write(output, json =>
            {
                json.WriteString("model", result.Model.Name);
                json.WriteString("processor", result.Processor);
                json.WriteNumber("cores", result.Cores);
                json.WriteString("provider", result.Provider);
                json.WriteString("what", speed.What);
                json.WriteNumber("tokens_per_text", speed.TokensEach);
                json.WriteNumber("texts_per_second", Math.Round(speed.TextsPerSecond, 1));
                json.WriteNumber("tokens_per_second", Math.Round(speed.TokensPerSecond));
            });
        }
    }
}
