using System.Text;

namespace Rag.Ingestor.Chunking;

/// <summary>The chunk that is being filled. For one document and one thread.</summary>
internal sealed class ChunkDraft(ChunkingOptions options, ITokenCounter counter)
{
    private readonly List<Unit> _units = [];
    private readonly StringBuilder _text = new();
    private IReadOnlyList<string> _path = [];
    private IReadOnlyList<string> _pathOfLast = [];
    private int _tokens;
    private int _length;
    private int _carried;
    private int _ordinal;

    /// <summary>Tokens of what is not a heading and not repeated from the chunk before.</summary>
    public int ContentTokens { get; private set; }

    /// <summary>True where the chunk is to be closed before a unit.</summary>
    /// <param name="unit">What comes next.</param>
    /// <param name="isBlockStart">True where it begins a block, which is a better place to cut than within one.</param>
    /// <param name="remaining">Tokens of the rest of its block, its own included.</param>
    public bool EndsBefore(Unit unit, bool isBlockStart, int remaining)
    {
        if (_units.Count == _carried)
            return false;
        if (!Fits(unit))
            return true;
        if (_tokens + unit.Tokens <= options.TargetTokens)
            return isBlockStart && _tokens >= options.TargetTokens / 2 && _tokens + remaining > options.MaxTokens;
        // The rest of a paragraph may go past the target if it ends before the limit.
        return _tokens + remaining > options.MaxTokens || isBlockStart;
    }

    public bool Fits(Unit unit) => _tokens + unit.Tokens <= options.MaxTokens
        && _length + unit.Separator.Length + unit.Length <= ChunkingOptions.LongestChunk;

    /// <summary>Gives up what was repeated from the chunk before, if nothing else is in this one yet.</summary>
    public void DropOverlap()
    {
        if (_carried > 0 && _carried == _units.Count)
            Reset();
    }

    public void Add(Unit unit, IReadOnlyList<string> path)
    {
        if (ContentTokens == 0 && !_units.Exists(static former => !former.IsHeading))
            _path = path;
        _pathOfLast = path;
        Append(unit);
        if (!unit.IsHeading)
            ContentTokens += Math.Max(1, unit.Tokens);
    }

    /// <summary>
    /// Closes the chunk and begins the next one; null where there is nothing that stood in no chunk yet.
    /// </summary>
    public Chunk? Take(ChunkCut cut)
    {
        if (_units.Count == _carried)
        {
            Reset();
            return null;
        }

        var kept = _units.Count - (cut == ChunkCut.End ? 0 : TrailingHeadings());
        if (kept <= _carried)
            kept = _units.Count;
        var chunk = Build(kept);
        // Counts of words that were cut do not add up exactly, so a chunk may turn out a little too long.
        while (chunk.Tokens > options.MaxTokens && kept > _carried + 1)
            chunk = Build(--kept);
        _ordinal++;

        var carry = cut == ChunkCut.Limit && kept == _units.Count ? OverlapCount(kept) : 0;
        var next = _units.GetRange(kept - carry, _units.Count - kept + carry);
        Reset();
        foreach (var unit in next)
        {
            Append(unit);
            if (_units.Count > carry && !unit.IsHeading)
                ContentTokens += Math.Max(1, unit.Tokens);
        }

        _carried = carry;
        _path = _pathOfLast;
        return chunk;
    }

    private void Append(Unit unit)
    {
        _length += (_units.Count == 0 ? 0 : unit.Separator.Length) + unit.Length;
        _tokens += unit.Tokens;
        _units.Add(unit);
    }

    private void Reset()
    {
        _units.Clear();
        _tokens = 0;
        _length = 0;
        _carried = 0;
        ContentTokens = 0;
    }

    private int TrailingHeadings()
    {
        var count = 0;
        while (count < _units.Count && _units[^(count + 1)].IsHeading)
            count++;
        return count;
    }

    private int OverlapCount(int end)
    {
        var count = 0;
        var tokens = 0;
        // At least one unit stays behind, or the next chunk would begin as this one does.
        while (count + 1 < end)
        {
            var unit = _units[end - count - 1];
            tokens += unit.Tokens;
            if (unit.IsHeading || tokens > options.OverlapTokens)
                break;
            count++;
        }

        return count;
    }

    private Chunk Build(int count)
    {
        _text.Clear();
        for (var i = 0; i < count; i++)
        {
            if (i > 0)
                _text.Append(_units[i].Separator);
            _text.Append(_units[i].Span);
        }

        var text = _text.ToString();
        return new Chunk(_ordinal, text, _units[0].Start, _units[count - 1].End, _path, _units[0].Page, counter.Count(text));
    }
}
