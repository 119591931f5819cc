using AngleSharp.Dom;

namespace Rag.Ingestor.Extraction;

/// <summary>Walks a parsed page without recursion, so that no page can overflow the stack.</summary>
internal static class HtmlTree
{
    /// <summary>
    /// Visits a node and all below it in document order.
    /// </summary>
    /// <param name="root">Where to begin.</param>
    /// <param name="enter">Called before a node's children; false leaves them out, and <paramref name="leave"/>
    /// too.</param>
    /// <param name="leave">Called after a node's children.</param>
    public static void Walk(INode root, Func<INode, bool> enter, Action<INode> leave)
    {
        var open = new Stack<(INode Node, int Next)>();
        if (enter(root))
            open.Push((root, 0));
        while (open.TryPop(out var top))
        {
            if (top.Next == top.Node.ChildNodes.Length)
            {
                leave(top.Node);
                continue;
            }

            open.Push((top.Node, top.Next + 1));
            var child = top.Node.ChildNodes[top.Next];
            if (enter(child))
                open.Push((child, 0));
        }
    }

    /// <summary>Measures the text below a node, and on the way that of every element that is not left out.</summary>
    /// <param name="root">Where to begin.</param>
    /// <param name="isLeftOut">True for elements whose text does not count.</param>
    /// <param name="measured">Called with each element and its length after its children; may be null.</param>
    public static HtmlTextLength Measure(
        INode root, Func<IElement, bool> isLeftOut, Action<IElement, HtmlTextLength>? measured = null)
    {
        var all = 0;
        var links = 0;
        var openLinks = 0;
        var before = new Stack<HtmlTextLength>();
        Walk(root, Enter, Leave);
        return new HtmlTextLength(all, links);

        bool Enter(INode node)
        {
            if (node is IText text)
            {
                var length = 0;
                foreach (var c in text.Data)
                    length += char.IsWhiteSpace(c) ? 0 : 1;
                all += length;
                links += openLinks > 0 ? length : 0;
                return false;
            }

            if (node is not IElement element ? !ReferenceEquals(node, root) : isLeftOut(element))
                return false;
            before.Push(new HtmlTextLength(all, links));
            openLinks += node is IElement { LocalName: "a" } ? 1 : 0;
            return true;
        }

        void Leave(INode node)
        {
            var start = before.Pop();
            openLinks -= node is IElement { LocalName: "a" } ? 1 : 0;
            if (node is IElement element)
                measured?.Invoke(element, new HtmlTextLength(all - start.All, links - start.Links));
        }
    }
}

/// <summary>Characters of text without white space.</summary>
/// <param name="All">All of them.</param>
/// <param name="Links">Those that stand in links.</param>
internal readonly record struct HtmlTextLength(int All, int Links);
