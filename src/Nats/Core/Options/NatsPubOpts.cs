namespace NATS.Client.Core;

/// <summary>Options of a publish. None yet: the type holds the place that the public API gives it.</summary>
public sealed record NatsPubOpts;
