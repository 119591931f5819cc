using Microsoft.Extensions.Logging;
using Rag.Embedding;

namespace Rag.Shard.Embedding;

/// <summary>The models that this shard can make vectors of tokens with. Thread-safe.</summary>
internal sealed class TokenEncoderRegistry(ModelOptions options, ILoggerFactory loggers)
    : OnDemandModels<TokenEncoder>(options, model => TokenEncoder.Load(model, loggers));
