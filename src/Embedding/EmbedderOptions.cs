namespace Rag.Embedding;

/// <summary>How an embedder runs. The defaults suit a server that shares its machine.</summary>
public sealed record EmbedderOptions
{
    /// <summary>The model's folder, in Hugging Face's layout.</summary>
    public required string ModelFolder { get; init; }

    /// <summary>Name to report; the folder's name if null.</summary>
    public string? ModelName { get; init; }

    /// <summary>Where the transformer runs; default <see cref="ExecutionProvider.Auto"/>.</summary>
    public ExecutionProvider ExecutionProvider { get; init; } = ExecutionProvider.Auto;

    /// <summary>Which of the model's graphs runs; default <see cref="ModelGraph.Auto"/>.</summary>
    public ModelGraph Graph { get; init; } = ModelGraph.Auto;

    /// <summary>
    /// Path of ONNX Runtime's CUDA provider library (libonnxruntime_providers_cuda.so); null looks beside the program.
    /// </summary>
    public string? CudaLibrary { get; init; }

    /// <summary>
    /// Batches computed at a time, 1 to 256; 0 means one a core up to 16 on the CPU, one on CUDA. Queries have one more
    /// of their own, so that they never wait behind passages.
    /// </summary>
    public int Workers { get; init; }

    /// <summary>Threads within one batch on the CPU, 1 to 256; 0 means 1, which gives the most texts a second.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>Most texts in a batch, up to 4,096; 0 means 32 on the CPU, 128 on CUDA.</summary>
    public int MaxBatchTexts { get; init; }

    /// <summary>
    /// Most tokens in a batch, padding included, up to 1,048,576 (one text is always taken); 0 means 1,024 on the CPU,
    /// 32,768 on CUDA.
    /// </summary>
    public int MaxBatchTokens { get; init; }

    /// <summary>
    /// How long an incomplete batch waits for company, 0 to 1 s; default 0: a batch starts as soon as a worker is free,
    /// and forms by itself while all are busy.
    /// </summary>
    public TimeSpan MaxBatchDelay { get; init; } = TimeSpan.Zero;

    /// <summary>Queries that may wait, at least 1; more are refused. Default 1,024.</summary>
    public int MaxQueuedQueries { get; init; } = 1024;

    /// <summary>Passages that may wait tokenised, at least 256; further calls wait in line. Default 4,096.</summary>
    public int MaxQueuedPassages { get; init; } = 4096;

    /// <summary>Passage calls that may wait in line, at least 0; more are refused. Default 256.</summary>
    public int MaxWaitingCalls { get; init; } = 256;

    /// <summary>
    /// Batches of the background computed at a time, 1 to 64; 0 means half the cores, at least 1 and at most 8, and one
    /// on CUDA. On the CPU their threads run where no other thread wants to.
    /// </summary>
    public int BackgroundWorkers { get; init; }

    /// <summary>
    /// How long a batch of the background waits for a free core before it is computed with a tenth of the weight of other
    /// work, so that it ends under a steady load; 10 ms to 1 h. Default 2 s.
    /// </summary>
    public TimeSpan BackgroundPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most texts in a batch of the background, up to 1,024; 0 means 8 on the CPU, 64 on CUDA.</summary>
    public int BackgroundBatchTexts { get; init; }

    /// <summary>
    /// Most tokens in a batch of the background, up to 65,536 (one text is always taken); 0 means 256 on the CPU, some
    /// 25 ms of a core, 8,192 on CUDA.
    /// </summary>
    public int BackgroundBatchTokens { get; init; }

    /// <summary>Bytes that cached query vectors may take, at least 0 (none). Default 16 MiB.</summary>
    public long QueryCacheBytes { get; init; } = 16 << 20;

    /// <summary>Put before each query; null takes what the model's files say.</summary>
    public string? QueryPrefix { get; init; }

    /// <summary>Put before each passage; null takes what the model's files say.</summary>
    public string? PassagePrefix { get; init; }

    /// <summary>Every error in these options, a sentence each that begins with the option's name.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (string.IsNullOrWhiteSpace(ModelFolder))
            errors.Add($"{nameof(ModelFolder)} must name a folder.");
        Check(Workers, 0, 256, nameof(Workers));
        Check(IntraOpThreads, 0, 256, nameof(IntraOpThreads));
        Check(MaxBatchTexts, 0, 4096, nameof(MaxBatchTexts));
        Check(MaxBatchTokens, 0, 1 << 20, nameof(MaxBatchTokens));
        Check(MaxQueuedQueries, 1, 1 << 20, nameof(MaxQueuedQueries));
        Check(MaxQueuedPassages, 256, 1 << 20, nameof(MaxQueuedPassages));
        Check(MaxWaitingCalls, 0, 1 << 20, nameof(MaxWaitingCalls));
        Check(BackgroundWorkers, 0, 64, nameof(BackgroundWorkers));
        Check(BackgroundBatchTexts, 0, 1024, nameof(BackgroundBatchTexts));
        Check(BackgroundBatchTokens, 0, 1 << 16, nameof(BackgroundBatchTokens));
        Check(QueryCacheBytes, 0, 1L << 40, nameof(QueryCacheBytes));
        if (MaxBatchDelay < TimeSpan.Zero || MaxBatchDelay > TimeSpan.FromSeconds(1))
            errors.Add($"{nameof(MaxBatchDelay)} must be 0 to 1 second, not {MaxBatchDelay}.");
        if (BackgroundPatience < TimeSpan.FromMilliseconds(10) || BackgroundPatience > TimeSpan.FromHours(1))
            errors.Add($"{nameof(BackgroundPatience)} must be 10 ms to 1 hour, not {BackgroundPatience}.");
        if (!Enum.IsDefined(ExecutionProvider))
            errors.Add($"{nameof(ExecutionProvider)} must be Auto, Cpu or Cuda.");
        if (!Enum.IsDefined(Graph))
            errors.Add($"{nameof(Graph)} must be Auto, FullWeights or Quantized.");
        return errors;

        void Check(long value, long min, long max, string name)
        {
            if (value < min || value > max)
                errors.Add($"{name} must be {min} to {max}, not {value}.");
        }
    }
}
