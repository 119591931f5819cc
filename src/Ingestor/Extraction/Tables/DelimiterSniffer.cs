namespace Rag.Ingestor.Extraction;

/// <summary>
/// Finds what divides the fields of a table: the mark that cuts its first lines into the same number of fields.
/// </summary>
internal static class DelimiterSniffer
{
    private const int LinesLooked = 32;

    private static readonly char[] Candidates = [',', ';', '\t', '|'];

    /// <param name="start">The table's first characters.</param>
    /// <returns>The delimiter; a comma where nothing speaks for another.</returns>
    public static char Find(ReadOnlySpan<char> start)
    {
        var best = ',';
        var bestScore = 0.0;
        foreach (var candidate in Candidates)
        {
            var score = Score(start, candidate);
            if (score > bestScore)
            {
                best = candidate;
                bestScore = score;
            }
        }

        return best;
    }

    /// <summary>Fields a line, weighed by the share of lines that have as many as the first.</summary>
    private static double Score(ReadOnlySpan<char> start, char delimiter)
    {
        var first = -1;
        var same = 0;
        var lines = 0;
        var fields = 0;
        var quoted = false;
        for (var i = 0; i < start.Length && lines < LinesLooked; i++)
        {
            var c = start[i];
            if (c == '"')
                quoted = !quoted;
            else if (!quoted && c == delimiter)
                fields++;
            else if (!quoted && c == '\n')
                EndLine();
        }

        if (lines == 0)
            EndLine();
        return first <= 0 ? 0 : (double)same / lines * Math.Min(first, 20);

        void EndLine()
        {
            lines++;
            if (first < 0)
                first = fields;
            same += fields == first ? 1 : 0;
            fields = 0;
        }
    }
}
