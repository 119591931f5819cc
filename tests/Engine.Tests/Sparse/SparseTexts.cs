using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

/// <summary>An index of texts, row i being text i, all visible.</summary>
internal sealed class SparseTexts(AnalysisOptions options)
{
    private readonly TextAnalyzer _analyzer = new(options);
    private readonly SparseDocument _document = new();

    public SparseIndex Index { get; private set; } = new(new SparseIndexOptions());

    public static SparseTexts Build(AnalysisOptions options, IReadOnlyList<string> texts, int batch = 1000)
    {
        var index = new SparseTexts(options);
        for (var row = 0; row < texts.Count; row++)
        {
            index.Add(row, texts[row]);
            if (row % batch == batch - 1)
                index.Index.Flush();
        }

        index.Index.Flush();
        return index;
    }

    public void Add(int row, string text)
    {
        _document.Clear();
        _document.AddText(_analyzer, text, 1);
        Index.Add(row, _document);
        Index.Show(row);
    }

    public SparseQuery Query(string text) => SparseQuery.FromText(_analyzer, text);
}
