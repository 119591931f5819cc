namespace Rag.Ingestor.Chunking;

/// <summary>Finds the token counter of a model. Thread-safe.</summary>
public interface ITokenCounters
{
    /// <summary>The counter of the model of this name, or null where this process does not have the model.</summary>
    ITokenCounter? Find(string model);
}
