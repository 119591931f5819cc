using System.Threading.Channels;
using NATS.Client.Core.Connecting;
using NATS.Client.Core.Protocol;

namespace NATS.Client.Core;

/// <summary>Names every fault of options at once.</summary>
internal static class NatsOptsCheck
{
    /// <exception cref="ArgumentException">Something cannot be; the message lists all of it.</exception>
    public static void Check(NatsOpts opts)
    {
        var faults = new List<string>();
        foreach (var url in opts.Url.Split(','))
        {
            if (ServerAddress.FaultOf(url) is { } fault)
                faults.Add($"Url: {fault}");
        }

        Positive(faults, nameof(opts.WriterBufferSize), opts.WriterBufferSize);
        Positive(faults, nameof(opts.ReaderBufferSize), opts.ReaderBufferSize);
        Positive(faults, nameof(opts.SubPendingChannelCapacity), opts.SubPendingChannelCapacity);
        Positive(faults, nameof(opts.SubPendingBytes), opts.SubPendingBytes);
        Positive(faults, nameof(opts.MaxPingOut), opts.MaxPingOut);
        Positive(faults, nameof(opts.PingInterval), opts.PingInterval.Ticks);
        Positive(faults, nameof(opts.ConnectTimeout), opts.ConnectTimeout.Ticks);
        Positive(faults, nameof(opts.RequestTimeout), opts.RequestTimeout.Ticks);
        Positive(faults, nameof(opts.CommandTimeout), opts.CommandTimeout.Ticks);
        if (opts.ReconnectWaitMin < TimeSpan.Zero || opts.ReconnectWaitMax < TimeSpan.Zero || opts.ReconnectJitter < TimeSpan.Zero)
            faults.Add("ReconnectWaitMin, ReconnectWaitMax and ReconnectJitter must not be negative.");
        if (!Enum.IsDefined(opts.SubPendingChannelFullMode))
            faults.Add($"SubPendingChannelFullMode: {(int)opts.SubPendingChannelFullMode} is no {nameof(BoundedChannelFullMode)}.");
        if (!SubjectRules.IsPublishable(opts.InboxPrefix))
            faults.Add("InboxPrefix must be a subject without wildcards.");
        if (opts.AuthOpts.Jwt is not null && opts.AuthOpts is { Seed: null, NKeyFile: null })
            faults.Add("AuthOpts: a Jwt needs a Seed or NKeyFile, which signs the server's nonce.");
        if (opts.TlsOpts is { CertFile: null } != opts.TlsOpts is { KeyFile: null })
            faults.Add("TlsOpts: CertFile and KeyFile go together.");
        if (opts.TlsOpts is { Mode: TlsMode.Disable, HasCertificates: true })
            faults.Add("TlsOpts: certificates are set although Mode is Disable.");
        if (faults.Count > 0)
            throw new ArgumentException($"NatsOpts: {string.Join(" ", faults)}", nameof(opts));
    }

    private static void Positive(List<string> faults, string name, long value)
    {
        if (value <= 0)
            faults.Add($"{name} must be greater than 0.");
    }
}
