namespace Rag.Router.Validation;

internal static class PagingRules
{
    /// <summary>The page size to use; what is out of range is noted.</summary>
    public static int PageSize(int asked, Violations violations)
    {
        if (asked is < 0 or > Limits.PageSize)
        {
            violations.Add(
                "page_size", $"{asked} is not between 1 and {Limits.PageSize}; 0 asks for {Limits.DefaultPageSize}.");
        }

        return asked == 0 ? Limits.DefaultPageSize : asked;
    }
}
