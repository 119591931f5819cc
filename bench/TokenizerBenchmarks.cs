using System.Text;
using BenchmarkDotNet.Attributes;
using Rag.Tokenization;

namespace Rag.Benchmarks;

/// <summary>WordPiece on one thread; an operation is one token, so the mean is nanoseconds a token.</summary>
[MemoryDiagnoser]
public class TokenizerBenchmarks
{
    private const int Words = 10_000;

    private readonly TokenBuffer _tokens = new();
    private readonly TokenBuffer _offsets = new(withOffsets: true);
    private ITokenizer _tokenizer = null!;
    private string _english = "";
    private byte[] _utf8 = [];
    private string _accented = "";
    private string _chinese = "";

    [GlobalSetup]
    public void Setup()
    {
        _tokenizer = TokenizerFolder.Load(BenchmarkModel.Folder);
        _english = BenchmarkModel.Text(Words);
        _utf8 = Encoding.UTF8.GetBytes(_english);
        _accented = _english.Replace('e', 'é');
        _chinese = string.Concat(Enumerable.Repeat("检索增强生成的搜索引擎，", Words / 10));
        if (_tokenizer.CountTokens(_english) < Words)
            throw new InvalidOperationException("A token an operation is no longer about right.");
    }

    [Benchmark(OperationsPerInvoke = Words, Baseline = true)]
    public int EnglishUtf16() => _tokenizer.Encode(_english, _tokens);

    [Benchmark(OperationsPerInvoke = Words)]
    public int EnglishUtf8() => _tokenizer.Encode(_utf8, _tokens);

    [Benchmark(OperationsPerInvoke = Words)]
    public int EnglishWithOffsets() => _tokenizer.Encode(_english, _offsets);

    [Benchmark(OperationsPerInvoke = Words)]
    public int EnglishCounted() => _tokenizer.CountTokens(_english);

    [Benchmark(OperationsPerInvoke = Words)]
    public int Accented() => _tokenizer.Encode(_accented, _tokens);

    [Benchmark(OperationsPerInvoke = Words)]
    public int Chinese() => _tokenizer.Encode(_chinese, _tokens);
}
