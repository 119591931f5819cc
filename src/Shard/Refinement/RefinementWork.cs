using Rag.Engine;
using Rag.Engine.Storage;

namespace Rag.Shard.Refinement;

/// <summary>Chunks of one slice that could have better vectors in one space.</summary>
/// <param name="Task">Which.</param>
/// <param name="Chunks">How many, at most: those without a text count too while they are not known.</param>
/// <param name="Stamp">The slice's position that this is of.</param>
/// <param name="IsLoaded">Whether the slice is awake.</param>
internal sealed record RefinementWork(RefinementTask Task, long Chunks, WriteStamp Stamp, bool IsLoaded);

/// <summary>What is to be done in one slice.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="Space">The engine's name of the space.</param>
/// <param name="Gap">What the chunks lack there.</param>
/// <param name="Model">The model that makes the vectors.</param>
/// <param name="IsQuick">Whether its lookup encoder makes them, where it has one; else the full one.</param>
internal sealed record RefinementTask(SliceId Slice, string Space, VectorGap Gap, string Model, bool IsQuick);
