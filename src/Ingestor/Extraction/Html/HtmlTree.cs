using AngleSharp.Dom;

namespace Rag.Ingestor.Extraction;

/// <summary>Walks a parsed page without recursion, so that no page can overflow the stack.</summary>
internal static class HtmlTree
{
    /// <summary>
    /// Visits a node and all below it in document order.
    /// </summary>
    /// <param name="root">Where to begin.</param>
    /// <param name="enter">Called before a node's children; false leaves them out, and <paramref name="leave"/> too.</param>
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

    /// <summary>Characters of text below a node without white space, and how many of them stand in links.</summary>
    public static (int All, int Links) TextLength(INode root, Func<IElement, bool> isLeftOut)
    {
        var all = 0;
        var links = 0;
        var openLinks = 0;
        Walk(root, Enter, Leave);
        return (all, links);

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

            if (node is not IElement element)
                return ReferenceEquals(node, root);
            if (isLeftOut(element))
                return false;
            openLinks += element.LocalName == "a" ? 1 : 0;
            return true;
        }

        void Leave(INode node) => openLinks -= node is IElement { LocalName: "a" } ? 1 : 0;
    }
}
