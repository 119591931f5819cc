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

    /// <summary>Largest share of the text that may go by a class name alone, and the least part of links in it.</summary>
    private const double LargestByClass = 0.50;
    private const double LeastLinks = 0.50;

    private static readonly FrozenSet<string> NeverText = Set(
        "script style template noscript iframe object canvas svg audio video map select datalist input textarea head link meta");

    private static readonly FrozenSet<string> Furniture = Set("nav footer menu dialog button");

    private static readonly FrozenSet<string> FurnitureRoles = Set("navigation contentinfo search menu menubar toolbar dialog");

    private static readonly FrozenSet<string> FurnitureClasses = Set(
        "nav navbar navigation navbox sidebar menu breadcrumb breadcrumbs footer cookie cookies related sphinxsidebar toc-nav "
        + "skip-link share social pagination pager noprint printfooter mw-editsection");

    private readonly bool _keepAll;
    private readonly int _pageLength;
    private readonly INode _root;

    private HtmlBoilerplate(INode root, bool keepAll, int pageLength)
    {
        _root = root;
        _keepAll = keepAll;
        _pageLength = pageLength;
    }

    /// <summary>The node to read.</summary>
    public INode Root => _root;

    public static HtmlBoilerplate Of(IDocument document)
    {
        INode page = (INode?)document.Body ?? document;
        var everything = new HtmlBoilerplate(page, keepAll: true, 0);
        var pageLength = HtmlTree.TextLength(page, everything.IsLeftOut).All;
        var cleaned = new HtmlBoilerplate(page, keepAll: false, pageLength);
        var kept = HtmlTree.TextLength(page, cleaned.IsLeftOut).All;
        if (kept < pageLength * LeastKept)
            return everything;

        foreach (var selector in (ReadOnlySpan<string>)["main", "[role=main]", "article"])
        {
            var found = document.QuerySelectorAll(selector);
            if (found.Length == 1 && HtmlTree.TextLength(found[0], cleaned.IsLeftOut).All >= kept * LeastMain)
                return new HtmlBoilerplate(found[0], keepAll: false, pageLength);
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

    private bool IsMostlyLinks(IElement element)
    {
        var (all, links) = HtmlTree.TextLength(element, static inner => NeverText.Contains(inner.LocalName));
        return all <= _pageLength * LargestByClass && links >= all * LeastLinks;
    }

    private static FrozenSet<string> Set(string names) =>
        names.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
