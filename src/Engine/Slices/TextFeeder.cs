using System.Buffers;
using System.Text;
using Rag.Engine.Mutations;
using Rag.Engine.Sparse;

namespace Rag.Engine.Slices;

/// <summary>Makes terms of chunks' contents for the text index of a slice. Writer only; reused for many rows.</summary>
internal sealed class TextFeeder(SliceText text, AttributeText? attributeText) : IDisposable
{
    private readonly SparseDocument _document = new();
    private readonly TextAnalyzer _analyzer = text.Analyzers.Rent();

    /// <summary>Adds a row with these parts of its content; one without text is left out.</summary>
    public void Add(int row, in ContentParts parts)
    {
        if (parts.Text.IsEmpty)
            return;
        _document.Clear();
        AddField(new PayloadReader(parts.Text).Bytes());
        if (attributeText is not null && !parts.Attributes.IsEmpty)
        {
            var fields = attributeText(new PayloadReader(parts.Attributes).Bytes());
            _document.AddText(_analyzer, fields.Text, text.Analyzers.Options.AttributeBoost);
            _document.AddText(_analyzer, fields.Title, text.Analyzers.Options.TitleBoost);
        }

        text.Index.Add(row, _document);
    }

    public void Dispose() => text.Analyzers.Return(_analyzer);

    private void AddField(ReadOnlySpan<byte> utf8)
    {
        // Never more characters than bytes.
        var characters = ArrayPool<char>.Shared.Rent(utf8.Length);
        var count = Encoding.UTF8.GetChars(utf8, characters);
        _document.AddText(_analyzer, characters.AsSpan(0, count), 1);
        ArrayPool<char>.Shared.Return(characters);
    }
}
