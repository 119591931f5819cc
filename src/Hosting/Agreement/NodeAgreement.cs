using System.Globalization;

namespace Rag.Hosting.Agreement;

/// <summary>Whether two processes may work together.</summary>
public static class NodeAgreement
{
    /// <summary>
    /// How far clocks may be apart unless options say otherwise: less than every lease and every window in which a
    /// repeated mutation is known.
    /// </summary>
    public static readonly TimeSpan DefaultMaxClockSkew = TimeSpan.FromSeconds(10);

    /// <summary>Why not, as one sentence; null where they may.</summary>
    /// <param name="own">This process, when it asked.</param>
    /// <param name="peer">What the other one answered.</param>
    /// <param name="expectedName">The name that it should have; null: any.</param>
    /// <param name="address">Where it answered.</param>
    /// <param name="roundTrip">How long the answer took: its clock is not known any better.</param>
    /// <param name="maxClockSkew">How far clocks may be apart.</param>
    public static string? WhyNot(
        NodeIdentity own, NodeIdentity peer, string? expectedName, Uri address, TimeSpan roundTrip, TimeSpan maxClockSkew)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(peer);
        var who = $"{peer.Kind} {peer.Name} at {address?.GetLeftPart(UriPartial.Authority)}";
        if (peer.Protocol != own.Protocol)
        {
            return $"{who} speaks protocol {peer.Protocol} (version {peer.Version}), this process {own.Protocol} "
                + $"(version {own.Version}): run the same version on both.";
        }

        if (peer.ClusterId != own.ClusterId && peer.ClusterId.Length > 0 && own.ClusterId.Length > 0)
        {
            return $"{who} belongs to cluster '{peer.ClusterId}', this process to '{own.ClusterId}': check addresses and the "
                + "topology.";
        }

        if (expectedName is not null && peer.Name != expectedName)
            return $"{who} should be {expectedName} by the topology: check its addresses.";
        // The peer looked at its clock some time within the round trip.
        var offset = peer.Clock - (own.Clock + roundTrip / 2);
        return offset.Duration() - roundTrip / 2 <= maxClockSkew
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"The clock of {who} is {offset.Duration().TotalSeconds:0.0} s ")
                + (offset > TimeSpan.Zero ? "ahead of" : "behind")
                + string.Create(CultureInfo.InvariantCulture, $" this machine's, and {maxClockSkew.TotalSeconds:0.#} s are the most: ")
                + "synchronise clocks (NTP).";
    }
}
