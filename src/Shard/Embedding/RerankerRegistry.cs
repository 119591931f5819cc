using Microsoft.Extensions.Logging;
using Rag.Embedding;

namespace Rag.Shard.Embedding;

/// <summary>The cross-encoders that this shard can rerank with. Thread-safe.</summary>
internal sealed class RerankerRegistry(ModelOptions options, ILoggerFactory loggers)
    : OnDemandModels<CrossEncoder>(options, model => CrossEncoder.Load(model, loggers));
