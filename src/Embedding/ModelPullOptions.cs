namespace Rag.Embedding;

/// <summary>Where models come from and go to.</summary>
public sealed record ModelPullOptions
{
    /// <summary>The models folder; the model lands in a folder of its id below it.</summary>
    public required string ModelsFolder { get; init; }

    /// <summary>The hub: a base address whose files are laid out like Hugging Face's; default the public hub.</summary>
    public Uri HubAddress { get; init; } = new("https://huggingface.co/");

    /// <summary>Branch, tag or commit; default "main".</summary>
    public string Revision { get; init; } = "main";

    /// <summary>Sent to the hub as bearer token, and to no other host; null for none.</summary>
    public string? AccessToken { get; init; }

    /// <summary>Most bytes that a model may have, at least 1; default 16 GiB.</summary>
    public long MaxBytes { get; init; } = 16L << 30;

    /// <summary>How often a file is tried before the pull fails, 1 to 100; default 6.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Pause before the second attempt; doubles each time up to 30 s. Default 1 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A transfer that gives no byte for so long is broken off and resumed; default 60 s.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
