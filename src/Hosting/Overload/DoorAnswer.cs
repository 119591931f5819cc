namespace Rag.Hosting.Overload;

/// <summary>What a door says to a search.</summary>
public enum DoorAnswer
{
    /// <summary>Come in.</summary>
    Admitted,

    /// <summary>More searches come than can be served, and its workspace has its share of the queue already.</summary>
    Overloaded,

    /// <summary>As many wait as may, of all or of its workspace.</summary>
    Full,

    /// <summary>Its deadline would pass before its turn.</summary>
    WouldBeLate,

    /// <summary>Its deadline has passed while it waited.</summary>
    Late,

    /// <summary>Its caller has given up while it waited.</summary>
    Cancelled,
}
