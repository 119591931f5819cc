namespace Rag.Embedding;

/// <summary>Where the transformer runs.</summary>
public enum ExecutionProvider
{
    /// <summary>On CUDA if its provider library and a device are there, else on the CPU.</summary>
    Auto,

    /// <summary>On the CPU.</summary>
    Cpu,

    /// <summary>On CUDA, or not at all.</summary>
    Cuda,
}
