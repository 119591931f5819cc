using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Rag.Embedding.Pull;

/// <summary>
/// A checksum as hubs give it: SHA-256 of the content for large files, git's blob id (SHA-1 of "blob SIZE\0" and the
/// content) for small ones.
/// </summary>
/// <param name="Hex">Lower-case hexadecimal, 64 or 40 digits.</param>
internal sealed record HubChecksum(string Hex)
{
    /// <summary>Reads an entity tag or an id; null if it is no checksum.</summary>
    public static HubChecksum? Parse(string? text)
    {
        if (text is null)
            return null;
        var hex = text.StartsWith("W/", StringComparison.Ordinal) ? text[2..] : text;
        hex = hex.Trim('"').ToLowerInvariant();
        return hex.Length is 40 or 64 && hex.All(char.IsAsciiHexDigitLower) ? new HubChecksum(hex) : null;
    }

    /// <summary>Whether a file has this checksum.</summary>
    public async Task<bool> MatchesAsync(string path, CancellationToken cancellationToken)
    {
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17, useAsync: true);
        await using (stream.ConfigureAwait(false))
        {
            var name = Hex.Length == 64 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA1;
            using var hash = IncrementalHash.CreateHash(name);
            if (name == HashAlgorithmName.SHA1)
            {
                hash.AppendData(Encoding.ASCII.GetBytes(
                    string.Create(CultureInfo.InvariantCulture, $"blob {stream.Length}\0")));
            }

            var buffer = new byte[1 << 17];
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
                hash.AppendData(buffer.AsSpan(0, read));
            return Convert.ToHexStringLower(hash.GetHashAndReset()) == Hex;
        }
    }
}
