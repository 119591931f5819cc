namespace NATS.Client.Core.Sending;

/// <summary>Something to send, which knows how many bytes it takes at most.</summary>
internal interface ICommand
{
    int MaxBytes { get; }

    /// <summary>Writes itself and returns how many bytes it took.</summary>
    int Write(Span<byte> target);
}
