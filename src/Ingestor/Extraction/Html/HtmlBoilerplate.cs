using System.Collections.Frozen;
using AngleSharp.Dom;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Finds the main content of a page: the part to read and what to leave out of it. Whatever names itself navigation or
/// footer goes, unless that would lose most of the text.
/// </summary>
internal sealed class HtmlBoilerplate
{
    /// <summary>Share of the page's text below which leaving out is a mistake and everything is kept.</summary>
    private const double LeastKept = 0.10;

    /// <summary>Share of the remaining text that a main element has to hold to be the page's content.</summary>
    private const double LeastMain = 0.40;

    /// <summary>
    /// Largest share of the text that may go by a class name alone, and the least part of links in it.
    /// </summary>
    private const double LargestByClass = 0.50;
    private const double LeastLinks = 0.50;

    /// <summary>
    /// A list of nothing but links is navigation (languages, categories) on a page of prose; on a page that is itself a
    /// list of links it is the content. Such a list holds so many characters, and no more than this share of the page.
    /// </summary>
    private const int LeastLinkListLength = 100;
    private const double LargestLinkList = 0.20;
    private const double LinkListLinks = 0.95;
    private const double LeastProse = 0.40;

    private static readonly FrozenSet<string> NeverText = Set(
        "script style template noscript iframe object canvas svg audio video map select datalist input textarea head link meta");

    private static readonly FrozenSet<string> Furniture = Set("nav footer menu dialog button");

    private static readonly FrozenSet<string> FurnitureRoles = Set("navigation contentinfo search menu menubar toolbar dialog");

    private static readonly FrozenSet<string> FurnitureClasses = Set(
        "nav navbar navigation navbox sidebar menu breadcrumb breadcrumbs footer cookie cookies related sphinxsidebar toc-nav "
        + "skip-link share social pagination pager noprint printfooter mw-editsection");

    private readonly bool _keepAll;
    private readonly IReadOnlyDictionary<INode, HtmlTextLength> _lengths;
    private readonly int _pageLength;
    private readonly bool _isProse;
    private readonly INode _root;

    private HtmlBoilerplate(INode root, bool keepAll, HtmlTextLength page, IReadOnlyDictionary<INode, HtmlTextLength> lengths)
    {
        _root = root;
        _keepAll = keepAll;
        _lengths = lengths;
        _pageLength = page.All;
        _isProse = page.All - page.Links >= page.All * LeastProse;
    }

    /// <summary>The node to read.</summary>
    public INode Root => _root;

    public static HtmlBoilerplate Of(IDocument document)
    {
        INode page = (INode?)document.Body ?? document;
        // Measured once for all, because elements that ask for their length may stand within each other.
        var lengths = new Dictionary<INode, HtmlTextLength>(ReferenceEqualityComparer.Instance);
        var whole = HtmlTree.Measure(page, static element => NeverText.Contains(element.LocalName),
            (element, length) =>
            {
                if (IsLinkListElement(element) || HasFurnitureClass(element))
                    lengths[element] = length;
            });
        var cleaned = new HtmlBoilerplate(page, keepAll: false, whole, lengths);
        var kept = HtmlTree.Measure(page, cleaned.IsLeftOut).All;
        if (kept < whole.All * LeastKept)
            return new HtmlBoilerplate(page, keepAll: true, whole, lengths);

        foreach (var selector in (ReadOnlySpan<string>)["main", "[role=main]", "article"])
        {
            var found = document.QuerySelectorAll(selector);
            if (found.Length == 1 && HtmlTree.Measure(found[0], cleaned.IsLeftOut).All >= kept * LeastMain)
                return new HtmlBoilerplate(found[0], keepAll: false, whole, lengths);
        }

        return cleaned;
    }

    /// <summary>True for an element that is not read, with all that it holds.</summary>
    public bool IsLeftOut(IElement element)
    {
        if (NeverText.Contains(element.LocalName) || element.HasAttribute("hidden"))
            return true;
        if (_keepAll || ReferenceEquals(element, _root))
            return false;
        if (Furniture.Contains(element.LocalName))
            return true;
        if (element.GetAttribute("role") is { } role && FurnitureRoles.Contains(role))
            return true;
        if (element.GetAttribute("aria-hidden") == "true" || IsHiddenByStyle(element))
            return true;
        if (_isProse && IsLinkListElement(element) && IsLinkList(element))
            return true;
        return HasFurnitureClass(element) && IsMostlyLinks(element);
    }

    private static bool IsHiddenByStyle(IElement element) => element.GetAttribute("style") is { Length: < 1000 } style
        && style.Replace(" ", "", StringComparison.Ordinal).Contains("display:none", StringComparison.OrdinalIgnoreCase);

    private static bool HasFurnitureClass(IElement element)
    {
        if (element.LocalName is "body" or "html" or "main" or "article")
            return false;
        if (element.Id is { } id && FurnitureClasses.Contains(id.ToLowerInvariant()))
            return true;
        if (element.GetAttribute("class") is not { Length: > 0 and < 1000 } classes)
            return false;
        foreach (var name in classes.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (FurnitureClasses.Contains(name))
                return true;
        }

        return false;
    }

    private static bool IsLinkListElement(IElement element) => element.LocalName is "ul" or "ol";

    private bool IsMostlyLinks(IElement element)
    {
        var length = _lengths.GetValueOrDefault(element);
        return length.All <= _pageLength * LargestByClass && length.Links >= length.All * LeastLinks;
    }

    private bool IsLinkList(IElement list)
    {
        var length = _lengths.GetValueOrDefault(list);
        return length.All >= LeastLinkListLength && length.All <= _pageLength * LargestLinkList
            && length.Links >= length.All * LinkListLinks;
    }

    private static FrozenSet<string> Set(string names) =>
        names.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
