using System.Buffers.Binary;
using System.Text.Json;

namespace Rag.Embedding.Lookup;

/// <summary>
/// Reads tensors of a .safetensors file. Layout: header length (8 bytes, little-endian), a JSON object of name to
/// { dtype, shape, data_offsets }, then the data. Everything in the header is checked against the file.
/// </summary>
internal sealed class SafetensorsFile : IDisposable
{
    private const int MaxHeaderBytes = 16 << 20;

    private readonly string _path;
    private readonly FileStream _stream;
    private readonly JsonDocument _header;
    private readonly long _dataStart;

    private SafetensorsFile(string path, FileStream stream, JsonDocument header, long dataStart)
    {
        _path = path;
        _stream = stream;
        _header = header;
        _dataStart = dataStart;
    }

    /// <summary>Opens a file and reads its header.</summary>
    /// <exception cref="ModelFormatException">It is not such a file.</exception>
    public static SafetensorsFile Open(string path)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        try
        {
            Span<byte> prefix = stackalloc byte[8];
            if (stream.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
                throw Bad(path, "is shorter than its own header");
            var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
            if (length is 0 or > MaxHeaderBytes || (long)length > stream.Length - 8)
                throw Bad(path, $"claims a header of {length} bytes");
            var json = new byte[(int)length];
            stream.ReadExactly(json);
            return new SafetensorsFile(path, stream, JsonDocument.Parse(json), 8 + (long)length);
        }
        catch (JsonException error)
        {
            stream.Dispose();
            throw new ModelFormatException($"'{path}' has a header that is not JSON: {error.Message}", error);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Shape of a tensor.</summary>
    /// <exception cref="ModelFormatException">It is not there.</exception>
    public long[] ShapeOf(string name)
    {
        try
        {
            return [.. Tensor(name).GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        }
        catch (Exception error) when (error is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new ModelFormatException($"'{_path}': the shape of tensor '{name}' is malformed.", error);
        }
    }

    /// <summary>Reads a whole tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">The type it must have, such as "F32".</param>
    /// <param name="destination">Bytes that it must fill exactly.</param>
    /// <exception cref="ModelFormatException">Another type or size, or the data lies outside of the file.</exception>
    public void Read(string name, string dtype, Span<byte> destination)
    {
        try
        {
            var tensor = Tensor(name);
            var actual = tensor.GetProperty("dtype").GetString();
            if (actual != dtype)
                throw Bad(_path, $"has tensor '{name}' of type {actual}, not {dtype}");
            var offsets = tensor.GetProperty("data_offsets");
            var start = offsets[0].GetInt64();
            var end = offsets[1].GetInt64();
            if (start < 0 || end - start != destination.Length || end > _stream.Length - _dataStart)
                throw Bad(_path, $"has tensor '{name}' at {start}–{end}, which does not fit its shape or the file");
            _stream.Position = _dataStart + start;
            _stream.ReadExactly(destination);
        }
        catch (Exception error) when (error is InvalidOperationException or KeyNotFoundException or FormatException
            or IndexOutOfRangeException or EndOfStreamException)
        {
            throw new ModelFormatException($"'{_path}': the entry of tensor '{name}' is malformed.", error);
        }
    }

    public void Dispose()
    {
        _header.Dispose();
        _stream.Dispose();
    }

    private static ModelFormatException Bad(string path, string what) => new($"'{path}' {what}.");

    private JsonElement Tensor(string name) =>
        _header.RootElement.ValueKind == JsonValueKind.Object && _header.RootElement.TryGetProperty(name, out var tensor)
            ? tensor
            : throw Bad(_path, $"has no tensor '{name}'");
}
