using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

/// <summary>Documents and queries of made-up words, a few of them in most documents and many in one or two.</summary>
internal sealed class RandomTerms(Random random, bool text)
{
    private readonly TextAnalyzer _analyzer = new(new AnalysisOptions { Language = AnalysisLanguage.None });

    public SparseDocument Document()
    {
        var document = new SparseDocument();
        var length = random.Next(1, 60);
        if (text)
        {
            document.AddText(_analyzer, Words(length), 1);
            return document;
        }

        foreach (var term in Enumerable.Range(0, length).Select(_ => Term()).Distinct())
            document.AddWeight((uint)term, random.NextSingle() * 3 + 0.001f);
        return document;
    }

    public SparseQuery Query()
    {
        var length = random.Next(1, 14);
        return text
            ? SparseQuery.FromText(_analyzer, Words(length))
            : SparseQuery.FromVector([.. Enumerable.Range(0, length).Select(_ => (uint)Term()).Distinct()
                .Select(term => new KeyValuePair<uint, float>(term, random.NextSingle() + 0.01f))]);
    }

    private string Words(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => $"w{(char)('a' + Term() % 26)}{Term() / 2}"));

    // The smaller, the commoner.
    private int Term() => (int)Math.Pow(3000, random.NextDouble());
}
