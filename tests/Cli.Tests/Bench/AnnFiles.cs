using System.Runtime.InteropServices;
using Rag.Testing;

namespace Rag.Cli.Tests.Bench;

/// <summary>Seeded vectors around a few centres, queries like them and their true neighbours, as benchmark files.</summary>
internal sealed class AnnFiles : IDisposable
{
    public const int Dimension = 24;
    public const int K = 10;

    private readonly TemporaryFolder _folder = new();

    public AnnFiles(int count = 600, int queries = 20)
    {
        var random = new Random(7);
        var centres = Enumerable.Range(0, 8).Select(_ => Vector(random)).ToArray();
        float[] Near() => [.. centres[random.Next(centres.Length)].Zip(Vector(random), (a, b) => a + 0.4f * b)];
        var vectors = Enumerable.Range(0, count).Select(_ => Near()).ToArray();
        var asked = Enumerable.Range(0, queries).Select(_ => Near()).ToArray();
        Truth = Array.ConvertAll(asked, query => Enumerable.Range(0, count)
            .OrderByDescending(row => query.Zip(vectors[row], (a, b) => (double)a * b).Sum()).Take(K).ToArray());
        Write<float>("base.fbin", vectors);
        Write<float>("queries.fbin", asked);
        Write<int>("truth.ibin", Truth);
    }

    public int[][] Truth { get; }

    public string Base => Combine("base.fbin");

    public string Queries => Combine("queries.fbin");

    public string TruthFile => Combine("truth.ibin");

    public string Combine(string name) => _folder.Combine(name);

    public void Dispose() => _folder.Dispose();

    private static float[] Vector(Random random) => [.. Enumerable.Range(0, Dimension).Select(_ => random.NextSingle() - 0.5f)];

    private void Write<T>(string name, T[][] rows)
        where T : unmanaged
    {
        using var file = File.Create(Combine(name));
        file.Write(BitConverter.GetBytes(rows.Length));
        file.Write(BitConverter.GetBytes(rows[0].Length));
        foreach (var row in rows)
            file.Write(MemoryMarshal.AsBytes(row.AsSpan()));
    }
}
