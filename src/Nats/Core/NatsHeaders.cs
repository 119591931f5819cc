using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Primitives;

namespace NATS.Client.Core;

/// <summary>
/// Headers of a message: names, which tell upper from lower case, with one or more values. Names are visible ASCII
/// without ':', values any text without line breaks; both are checked when the message is sent. Not thread-safe.
/// </summary>
public sealed class NatsHeaders : IDictionary<string, StringValues>
{
    private readonly Dictionary<string, StringValues> _values;

    /// <summary>No headers yet.</summary>
    public NatsHeaders() => _values = new Dictionary<string, StringValues>(StringComparer.Ordinal);

    /// <summary>A copy of others.</summary>
    public NatsHeaders(IDictionary<string, StringValues> headers) =>
        _values = new Dictionary<string, StringValues>(headers, StringComparer.Ordinal);

    /// <summary>Status code that a server set (503: no responders, 404, 408, 409, 100), 0 in ordinary messages.</summary>
    public int Code { get; internal set; }

    /// <summary>The words after <see cref="Code"/>, or ''.</summary>
    public string MessageText { get; internal set; } = "";

    /// <inheritdoc/>
    public int Count => _values.Count;

    /// <inheritdoc/>
    public bool IsReadOnly => false;

    /// <inheritdoc/>
    public ICollection<string> Keys => _values.Keys;

    /// <inheritdoc/>
    public ICollection<StringValues> Values => _values.Values;

    /// <summary>The values of a name; none where it is absent. Setting none removes it.</summary>
    public StringValues this[string key]
    {
        get => _values.GetValueOrDefault(key);
        set
        {
            if (value.Count == 0)
                _values.Remove(key);
            else
                _values[key] = value;
        }
    }

    /// <inheritdoc/>
    public void Add(string key, StringValues value) => _values.Add(key, value);

    /// <inheritdoc/>
    public void Add(KeyValuePair<string, StringValues> item) => _values.Add(item.Key, item.Value);

    /// <inheritdoc/>
    public void Clear() => _values.Clear();

    /// <inheritdoc/>
    public bool Contains(KeyValuePair<string, StringValues> item) =>
        _values.TryGetValue(item.Key, out var value) && value == item.Value;

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _values.ContainsKey(key);

    /// <inheritdoc/>
    public void CopyTo(KeyValuePair<string, StringValues>[] array, int arrayIndex) =>
        ((ICollection<KeyValuePair<string, StringValues>>)_values).CopyTo(array, arrayIndex);

    /// <inheritdoc/>
    public bool Remove(string key) => _values.Remove(key);

    /// <inheritdoc/>
    public bool Remove(KeyValuePair<string, StringValues> item) => Contains(item) && _values.Remove(item.Key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out StringValues value) => _values.TryGetValue(key, out value);

    /// <summary>The last value of a name, or null.</summary>
    public string? GetLastValue(string key) => _values.TryGetValue(key, out var value) && value.Count > 0 ? value[^1] : null;

    /// <summary>Without boxing.</summary>
    public Dictionary<string, StringValues>.Enumerator GetEnumerator() => _values.GetEnumerator();

    IEnumerator<KeyValuePair<string, StringValues>> IEnumerable<KeyValuePair<string, StringValues>>.GetEnumerator() =>
        _values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _values.GetEnumerator();
}
