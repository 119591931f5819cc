using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>One header or trailer. Immutable.</summary>
    public sealed class Entry
    {
        private readonly string? _value;
        private readonly byte[]? _valueBytes;

        /// <summary>A text entry. The value holds printable ASCII (0x20–0x7E) only.</summary>
        /// <exception cref="ArgumentException">Key or value hold what a header cannot carry.</exception>
        public Entry(string key, string value)
        {
            Key = NormaliseKey(key);
            ArgumentNullException.ThrowIfNull(value);
            if (IsBinary)
                throw new ArgumentException($"'{Key}' ends in -bin, so its value is bytes.", nameof(key));
            if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
                throw new ArgumentException($"The value of '{Key}' holds more than printable ASCII; use a -bin key.");
            _value = value;
        }

        /// <summary>A binary entry. The key ends in <c>-bin</c>; the bytes are copied.</summary>
        /// <exception cref="ArgumentException">The key is no header name or lacks the ending.</exception>
        public Entry(string key, byte[] valueBytes)
        {
            Key = NormaliseKey(key);
            ArgumentNullException.ThrowIfNull(valueBytes);
            if (!IsBinary)
                throw new ArgumentException($"'{Key}' must end in -bin to carry bytes.", nameof(key));
            _valueBytes = [.. valueBytes];
        }

        private Entry(string key, string? value, byte[]? valueBytes)
        {
            Key = key;
            _value = value;
            _valueBytes = valueBytes;
        }

        /// <summary>The key in lower case.</summary>
        public string Key { get; }

        /// <summary>Whether the value is bytes.</summary>
        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        /// <summary>The text.</summary>
        /// <exception cref="InvalidOperationException">The entry is binary.</exception>
        public string Value =>
            _value ?? throw new InvalidOperationException($"'{Key}' is binary; read {nameof(ValueBytes)}.");

        /// <summary>The bytes, or the text's ASCII bytes; a copy.</summary>
        public byte[] ValueBytes => _valueBytes is null ? Encoding.ASCII.GetBytes(_value!) : [.. _valueBytes];

        internal ReadOnlySpan<byte> BinaryValue => _valueBytes;

        /// <inheritdoc/>
        public override string ToString() =>
            IsBinary ? $"[Entry: key={Key}, {_valueBytes!.Length} bytes]" : $"[Entry: key={Key}, value={_value}]";

        /// <summary>An entry as a peer sent it, whose value is not checked again.</summary>
        internal static Entry Received(string lowerCaseKey, string value) => new(lowerCaseKey, value, null);

        /// <summary>A binary entry as a peer sent it; the bytes are kept, not copied.</summary>
        internal static Entry Received(string lowerCaseKey, byte[] value) => new(lowerCaseKey, null, value);

        private static string NormaliseKey(string key)
        {
            ArgumentException.ThrowIfNullOrEmpty(key);
            var lower = key.ToLowerInvariant();
            foreach (var c in lower)
            {
                if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '_' or '.'))
                    throw new ArgumentException($"'{key}' is no metadata key; use a-z, 0-9, '-', '_' and '.'.");
            }

            return lower;
        }
    }
}
