using System.Text;
using Markdig.Extensions.Footnotes;
using Markdig.Extensions.TaskLists;
using Markdig.Syntax.Inlines;

namespace Rag.Ingestor.Extraction;

/// <summary>The visible text of inline Markdown.</summary>
internal static class MarkdownInlines
{
    public static string Text(ContainerInline? inline)
    {
        if (inline is null)
            return "";
        var text = new StringBuilder();
        var open = new Stack<Inline?>();
        open.Push(inline.FirstChild);
        while (open.TryPop(out var next))
        {
            if (next is null)
                continue;
            open.Push(next.NextSibling);
            if (next is ContainerInline container)
                open.Push(container.FirstChild);
            else
                Append(text, next);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, Inline inline)
    {
        switch (inline)
        {
            case LiteralInline literal:
                text.Append(literal.Content.AsSpan());
                break;
            case CodeInline code:
                text.Append(code.ContentSpan);
                break;
            case HtmlEntityInline entity:
                text.Append(entity.Transcoded.AsSpan());
                break;
            case AutolinkInline address:
                text.Append(address.Url);
                break;
            case LineBreakInline:
                text.Append('\n');
                break;
            case TaskList task:
                text.Append(task.Checked ? "[x]" : "[ ]");
                break;
            case HtmlInline or FootnoteLink:
                break;
        }
    }
}
