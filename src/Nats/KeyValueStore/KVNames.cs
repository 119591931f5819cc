using System.Buffers;

namespace NATS.Client.KeyValueStore;

/// <summary>How buckets and keys are named, and where they lie: stream KV_bucket, subject $KV.bucket.key.</summary>
internal static class KVNames
{
    private const string LettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const string StreamPrefix = "KV_";

    private static readonly SearchValues<char> OfBuckets = SearchValues.Create(LettersAndDigits + "-_");
    private static readonly SearchValues<char> OfKeys = SearchValues.Create(LettersAndDigits + "-_/=.");
    private static readonly SearchValues<char> OfFilters = SearchValues.Create(LettersAndDigits + "-_/=.*>");

    public static string Stream(string bucket) => StreamPrefix + bucket;

    public static string? BucketOf(string stream) =>
        stream.StartsWith(StreamPrefix, StringComparison.Ordinal) ? stream[StreamPrefix.Length..] : null;

    public static string Subject(string bucket, string key) => $"$KV.{bucket}.{key}";

    /// <exception cref="ArgumentException">It can be no bucket.</exception>
    public static void CheckBucket(string? bucket, string parameter)
    {
        if (string.IsNullOrEmpty(bucket) || bucket.AsSpan().ContainsAnyExcept(OfBuckets))
            throw new ArgumentException("A bucket's name has letters, digits, '-' and '_'.", parameter);
    }

    /// <exception cref="ArgumentException">It can be no key.</exception>
    public static void CheckKey(string? key, string parameter) => Check(key, OfKeys, parameter);

    /// <exception cref="ArgumentException">It can be no key with wildcards.</exception>
    public static void CheckFilter(string? key, string parameter) => Check(key, OfFilters, parameter);

    private static void Check(string? key, SearchValues<char> allowed, string parameter)
    {
        if (string.IsNullOrEmpty(key) || key.AsSpan().ContainsAnyExcept(allowed) || key[0] == '.' || key[^1] == '.'
            || key.Contains("..", StringComparison.Ordinal))
            throw new ArgumentException("A key has letters, digits and -_/=. and no dot at either end.", parameter);
    }
}
