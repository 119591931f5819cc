using System.Diagnostics.Metrics;

namespace Rag.Embedding;

/// <summary>The meter "Rag.Embedding": what embedders of this process do. Safe for concurrent use.</summary>
public sealed class EmbeddingMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Rag.Embedding";

    private readonly Meter _meter = new(MeterName);
    private readonly KeyValuePair<string, object?> _model;
    private readonly Counter<long> _texts;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _cache;
    private readonly Counter<long> _fallbacks;
    private readonly Histogram<int> _batchTexts;
    private readonly Histogram<double> _batchSeconds;
    private readonly Histogram<double> _batchFill;

    internal EmbeddingMetrics(string model, Func<int> queueLength)
    {
        _model = new("model", model);
        _texts = _meter.CreateCounter<long>("rag.embedding.texts", "{text}", "Texts embedded, by encoder.");
        _tokens = _meter.CreateCounter<long>("rag.embedding.tokens", "{token}", "Tokens embedded, by encoder.");
        _refused = _meter.CreateCounter<long>("rag.embedding.refused", "{call}", "Calls refused for a full queue.");
        _cache = _meter.CreateCounter<long>(
            "rag.embedding.query_cache", "{lookup}", "Look-ups in the query cache, by result.");
        _fallbacks = _meter.CreateCounter<long>(
            "rag.embedding.fallbacks", "{query}",
            "Queries that the lookup encoder took because the full one would have been too late, by reason.");
        _batchTexts = _meter.CreateHistogram<int>("rag.embedding.batch.texts", "{text}", "Texts in a batch.");
        _batchSeconds = _meter.CreateHistogram<double>("rag.embedding.batch.duration", "s", "Time to run a batch.");
        _batchFill = _meter.CreateHistogram<double>(
            "rag.embedding.batch.fill", "1", "Share of a batch's tokens that are not padding.");
        _meter.CreateObservableGauge(
            "rag.embedding.queue.texts", () => new Measurement<int>(queueLength(), _model), "{text}", "Texts that wait.");
    }

    /// <summary>Ends the meter.</summary>
    public void Dispose() => _meter.Dispose();

    internal void BatchDone(int texts, int tokens, int longest, TimeSpan elapsed)
    {
        Encoded(EncoderKind.Full, texts, tokens);
        _batchTexts.Record(texts, _model);
        _batchSeconds.Record(elapsed.TotalSeconds, _model);
        _batchFill.Record((double)tokens / (texts * longest), _model);
    }

    internal void Encoded(EncoderKind encoder, int texts, long tokens)
    {
        var tag = new KeyValuePair<string, object?>("encoder", encoder == EncoderKind.Full ? "full" : "lookup");
        _texts.Add(texts, _model, tag);
        _tokens.Add(tokens, _model, tag);
    }

    internal void Refused() => _refused.Add(1, _model);

    /// <param name="reason">queue: others wait; late: it waited in vain; full: no more may wait.</param>
    internal void FellBack(string reason) => _fallbacks.Add(1, _model, new KeyValuePair<string, object?>("reason", reason));

    internal void CacheLookup(bool hit) => _cache.Add(1, _model, new("result", hit ? "hit" : "miss"));
}
