namespace Rag.Engine.Filters;

/// <summary>A test on one number of a column. Implementations are structs, so that the call is inlined.</summary>
internal interface INumberTest
{
    bool Accepts(long value);
}
