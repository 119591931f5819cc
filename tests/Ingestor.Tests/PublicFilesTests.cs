using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;
using Rag.Testing;

namespace Rag.Ingestor.Tests;

/// <summary>A collection of real and malicious files with what is expected of each, where it is present.</summary>
public sealed partial class PublicFilesTests
{
    /// <summary>Types of that collection that are refused by name.</summary>
    private static readonly HashSet<string> Unread =
        ["epub", "msg", "ods", "odt", "ppt", "pptx", "rtf", "xls", "xlsx"];

    public static TheoryData<string, string, string, string> Files()
    {
        var data = new TheoryData<string, string, string, string>();
        var table = SharedData.Locate("files", "FILES.tsv");
        if (table is null)
        {
            data.Add("", "", "", "");
            return data;
        }

        foreach (var line in File.ReadLines(table).Skip(1))
        {
            var fields = line.Split('\t');
            data.Add(fields[0], fields[1], fields[5], fields[4]);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_public_file_is_read_or_refused_as_expected(string path, string type, string expect, string phrase)
    {
        Assert.SkipUnless(path.Length > 0, "The collection of public files is not here.");
        var fullPath = SharedData.Locate("files", path)!;
        var watch = Stopwatch.StartNew();
        await using var content = File.OpenRead(fullPath);
        var file = await Extracted.FromFileAsync(new SourceFile(Path.GetFileName(path), content, Path: fullPath));
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(90));

        var seen = $"{file.Failure} {file.Format}: {file.Text[..Math.Min(2000, file.Text.Length)]}";
        if (Unread.Contains(type))
        {
            file.Failure.ShouldNotBeNull(seen);
            file.Failure.Kind.ShouldBeOneOf(ExtractionFailureKind.Unsupported, ExtractionFailureKind.Encrypted, ExtractionFailureKind.Corrupt);
            return;
        }

        switch (expect)
        {
            case "ok":
                file.Failure.ShouldBeNull(seen);
                Normal(file.Text).ShouldContain(Normal(phrase), Case.Sensitive, seen);
                Normal(string.Join(' ', file.Chunks().Select(chunk => chunk.Text))).ShouldContain(Normal(phrase), Case.Sensitive);
                break;
            case "recoverable":
                if (file.Failure is null)
                    Normal(file.Text).ShouldContain(Normal(phrase), Case.Sensitive, seen);
                break;
            case "no-text":
                file.Failure.ShouldBeNull(seen);
                file.Chunks().ShouldBeEmpty();
                break;
            case "encrypted":
                file.Failure.ShouldNotBeNull(seen);
                file.Failure.Kind.ShouldBe(ExtractionFailureKind.Encrypted, seen);
                break;
            case "corrupt":
                // A reader that repairs may find text, or none.
                if (!path.EndsWith(".pdf", StringComparison.Ordinal))
                    file.Failure.ShouldNotBeNull(seen);
                break;
            case "limit":
                file.Failure.ShouldNotBeNull(seen);
                file.Failure.Kind.ShouldBeOneOf(ExtractionFailureKind.LimitExceeded, ExtractionFailureKind.Unsupported);
                break;
            default:
                file.Failure?.Sentence.ShouldEndWith(".");
                break;
        }
    }

    private static string Normal(string text) => WhiteSpace().Replace(text.Normalize(NormalizationForm.FormKC), " ");

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
