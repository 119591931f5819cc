using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Rag.Cli.Composition;

namespace Rag.Benchmarks.Layers;

/// <summary>
/// An engine in a process of its own that says what it has used: after its address it answers each line that it reads with
/// its processor time in microseconds and the bytes it has allocated. It ends with its input.
/// </summary>
internal static class LayersServer
{
    public static async Task<int> RunAsync(string folder)
    {
        var options = new EngineHostOptions
        {
            Data = new DataFolder(folder), Listen = new IPEndPoint(IPAddress.Loopback, 0), Patience = TimeSpan.FromSeconds(10),
        };
        await using var engine = await EngineHost.StartAsync(options, LogLevel.Warning, CancellationToken.None);
        await Console.Out.WriteLineAsync(engine.Address);
        using var self = Process.GetCurrentProcess();
        while (await Console.In.ReadLineAsync() is not null)
        {
            self.Refresh();
            await Console.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{self.TotalProcessorTime.TotalMicroseconds} {GC.GetTotalAllocatedBytes(precise: true)}"));
        }

        return 0;
    }

    /// <summary>Starts it as a child.</summary>
    public static Process Start(string folder) => Process.Start(new ProcessStartInfo("dotnet")
    {
        ArgumentList = { typeof(LayersServer).Assembly.Location, "layers-server", folder },
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;
}
