using System.Text;
using Rag.Cli.Evaluation;

namespace Rag.Cli.Tests.Evaluation;

public class EvaluatorTests
{
    [Fact]
    public void A_text_that_is_too_long_is_cut_between_characters()
    {
        Evaluator.Cut("short").ShouldBe("short");
        var cut = Evaluator.Cut(string.Concat(Enumerable.Repeat("😀", 20_000)));
        Encoding.UTF8.GetByteCount(cut).ShouldBe(64 * 1024);
        char.IsLowSurrogate(cut[^1]).ShouldBeTrue();
    }
}
