using System.Net;
using System.Net.Sockets;

namespace Rag.Cli.Composition;

internal static class FreePorts
{
    /// <summary>Nobody listens on this loopback port just now.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
