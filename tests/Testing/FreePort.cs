using System.Net;
using System.Net.Sockets;

namespace Rag.Testing;

/// <summary>
/// Ports on loopback that nobody listened on a moment ago, each given once. They lie below those that systems give to
/// outgoing connections (from 32768 on Linux): one of those may be taken before the test listens on it.
/// </summary>
public static class FreePort
{
    private const int First = 12_000;
    private const int End = 32_000;

    private static readonly HashSet<int> Given = [];

    public static int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, End);
            lock (Given)
            {
                if (!Given.Add(port))
                    continue;
            }

            if (IsFree(port))
                return port;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port) { ExclusiveAddressUse = true };
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
