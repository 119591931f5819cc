namespace Rag.Engine;

/// <summary>
/// What must hold for a write to happen, decided in log order when the write is applied. The default demands nothing.
/// </summary>
public readonly record struct Precondition
{
    private Precondition(PreconditionKind kind, WriteStamp version)
    {
        Kind = kind;
        Version = version;
    }

    public PreconditionKind Kind { get; }

    /// <summary>The version demanded by <see cref="PreconditionKind.IfVersion"/>.</summary>
    public WriteStamp Version { get; }

    /// <summary>Nothing is demanded.</summary>
    public static Precondition None => default;

    /// <summary>The chunk or document must not exist.</summary>
    public static Precondition IfAbsent => new(PreconditionKind.IfAbsent, default);

    /// <summary>The chunk or document must exist in exactly this version.</summary>
    public static Precondition IfVersion(WriteStamp version) => new(PreconditionKind.IfVersion, version);

    /// <summary>Whether it holds for something in <paramref name="current"/> version (none = it does not
    /// exist).</summary>
    internal bool Holds(WriteStamp current) => Kind switch
    {
        PreconditionKind.None => true,
        PreconditionKind.IfAbsent => current.IsNone,
        _ => !current.IsNone && current == Version,
    };
}

/// <summary>Kinds of <see cref="Precondition"/>. The numbers are stored: never change them.</summary>
public enum PreconditionKind : byte
{
    None = 0,
    IfAbsent = 1,
    IfVersion = 2,
}
