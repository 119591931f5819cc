using System.Text;
using Rag.Router.Errors;

namespace Rag.Router.Validation;

/// <summary>
/// Collects what is wrong with a request, so that a caller learns of all of it at once. Costs nothing while nothing is
/// wrong. For one thread.
/// </summary>
internal sealed class Violations
{
    private const int MaxKept = 100;

    private List<Violation>? _list;

    public bool Any => _list is not null;

    public void Add(string field, string description)
    {
        _list ??= [];
        if (_list.Count < MaxKept)
            _list.Add(new Violation(field, description));
    }

    /// <summary>Refuses the request if anything was added.</summary>
    public void ThrowIfAny()
    {
        if (_list is null)
            return;
        throw new RefusedException(RefusalKind.InvalidArgument, Sentence(), _list);
    }

    /// <summary>The first few of them in one sentence.</summary>
    public string Sentence()
    {
        const int told = 3;
        var text = new StringBuilder();
        for (var i = 0; i < _list!.Count && i < told; i++)
        {
            if (i > 0)
                text.Append(' ');
            if (_list[i].Field.Length > 0)
                text.Append(_list[i].Field).Append(": ");
            text.Append(_list[i].Description);
        }

        if (_list.Count > told)
            text.Append(" (and ").Append(_list.Count - told).Append(" more)");
        return text.ToString();
    }
}
