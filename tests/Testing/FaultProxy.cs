using System.Net;
using System.Net.Sockets;

namespace Rag.Testing;

/// <summary>
/// A wire between two processes on loopback that a test can break: it hands on TCP connections, refuses them, swallows
/// what they carry, or makes it slow. Thread-safe.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private const int MaxConnections = 1024;
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _slots = new(MaxConnections);
    private readonly Lock _lock = new();
    private readonly HashSet<Wire> _wires = [];
    private readonly int _target;
    private readonly Task _accepting;
    private TaskCompletionSource _open = Opened();
    private bool _refuses;
    private long _delayMs;

    /// <param name="target">Port of loopback that it leads to; nobody needs to listen there yet.</param>
    public FaultProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where to connect instead.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Breaks every connection and refuses new ones, as an address that nobody listens on.</summary>
    public void Cut()
    {
        List<Wire> wires;
        lock (_lock)
        {
            _refuses = true;
            wires = [.. _wires];
        }

        foreach (var wire in wires)
            wire.Break();
    }

    /// <summary>Connections stay, new ones are taken, and nothing comes through in either direction: no end is told.</summary>
    public void Silence()
    {
        lock (_lock)
        {
            if (_open.Task.IsCompleted)
                _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Each piece of data takes so much longer, in both directions.</summary>
    public void Delay(TimeSpan time) => Volatile.Write(ref _delayMs, (long)time.TotalMilliseconds);

    /// <summary>All is well again. What was swallowed while it was silent comes late; what was cut stays broken.</summary>
    public void Heal()
    {
        lock (_lock)
        {
            _refuses = false;
            _open.TrySetResult();
            Volatile.Write(ref _delayMs, 0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting;
        await Eventually.HoldsAsync(() => _slots.CurrentCount == MaxConnections, "the proxy's connections end");
        _stop.Dispose();
        _slots.Dispose();
    }

    private static TaskCompletionSource Opened()
    {
        var opened = new TaskCompletionSource();
        opened.SetResult();
        return opened;
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _slots.WaitAsync(_stop.Token);
                var socket = await AcceptOneAsync();
                _ = ServeAsync(socket);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<Socket> AcceptOneAsync()
    {
        while (true)
        {
            try
            {
                return await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                if (!_stop.IsCancellationRequested)
                    continue;
                _slots.Release();
                throw new OperationCanceledException(_stop.Token);
            }
        }
    }

    private async Task ServeAsync(Socket from)
    {
        var wire = new Wire(from, new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            lock (_lock)
            {
                if (_refuses || !_wires.Add(wire))
                    return;
            }

            await Gate.WaitAsync(wire.Broken);
            await wire.To.ConnectAsync(IPAddress.Loopback, _target, wire.Broken);
            from.NoDelay = wire.To.NoDelay = true;
            await Task.WhenAll(PumpAsync(from, wire.To, wire), PumpAsync(wire.To, from, wire));
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One of the two ends is gone, or the test cut it.
        }
        finally
        {
            lock (_lock)
                _wires.Remove(wire);
            wire.Dispose();
            _slots.Release();
        }
    }

    private Task Gate
    {
        get
        {
            lock (_lock)
                return _open.Task;
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Wire wire)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(buffer, wire.Broken);
                await Gate.WaitAsync(wire.Broken);
                if (Volatile.Read(ref _delayMs) is > 0 and var delay)
                    await Task.Delay(TimeSpan.FromMilliseconds(delay), wire.Broken);
                if (count == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), wire.Broken);
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other direction ends too.
            wire.Break();
        }
    }

    private sealed class Wire(Socket from, Socket to) : IDisposable
    {
        private readonly CancellationTokenSource _broken = new();
        private int _disposed;

        public Socket To => to;

        public CancellationToken Broken => _broken.Token;

        public void Break()
        {
            try
            {
                // A reset, not an end: that is what a cut wire looks like to who still writes.
                from.LingerState = to.LingerState = new LingerOption(true, 0);
            }
            catch (Exception over) when (over is ObjectDisposedException or SocketException)
            {
                // It has ended by itself.
            }

            _broken.Cancel();
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _disposed, 1) != 0)
                return;
            from.Dispose();
            to.Dispose();
        }
    }
}
