using Rag.Engine.Slices;

namespace Rag.Engine.Filters;

/// <summary>What a filter is evaluated on: the metadata of a slice's rows, and their texts by their words.</summary>
internal readonly record struct FilterSource(MetadataColumns Columns, SliceText Text);
