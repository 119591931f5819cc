using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

public sealed class AnalysisTests
{
    // +whole, ~function word
    [Theory]
    [InlineData("The quick brown foxes, jumping over Résumés!", "~the quick brown fox jump ~over resum")]
    [InlineData("ÆTHER Æther Straße Øre łódź naïve coöperate İstanbul", "aether aether strass ore lodz naiv cooper istanbul")]
    [InlineData("e\u0301te\u0301 = \u00E9t\u00E9", "ete ete")]
    [InlineData("ﬁne ＦＵＬＬ ｗｉｄｔｈ ① m²", "fine full width 1 m2")]
    [InlineData("Ελλάς ΕΛΛΆΣ Ёлка ёлки Йод", "ελλασ ελλασ елка елки иод")]
    [InlineData("soft\u00ADhyphen zero\u200Bwidth", "softhyphen zerowidth")]
    [InlineData("the dog's O'Brien’s don't", "~the dog o'brien don't")]
    [InlineData("HTTP/2", "http 2 +http2")]
    [InlineData("CVE-2024-1234", "cve 2024 1234 +cve2024-1234")]
    [InlineData("snake_case snakeCase", "snake case +snakecase snake case +snakecase")]
    [InlineData("parseHTTPResponse2", "pars http respons +parsehttpresponse2")]
    [InlineData("GPUs iPhone NaCl p53", "gpus phone +iphone na cl +nacl 53 +p53")]
    [InlineData("IL-6 IL6", "il 6 +il6 il +il6")]
    [InlineData("3.14 1,000 2024-01-15 10:30", "3 14 +3.14 1 000 +1,000 2024 01 15 +2024-01-15 10 30 +10:30")]
    [InlineData("v1.2.3", "v1 2 3 +v1.2.3")]
    [InlineData("src/Foo_bar.cs", "src foo bar +foobar cs +srcfoobarcs")]
    [InlineData("user@example.com", "user exampl com +userexamplecom")]
    [InlineData("C++ and C# in F#", "c +c++ ~and c +c# ~in f +f#")]
    [InlineData("state-of-the-art input/output", "state ~of ~the art input output")]
    [InlineData("end.Start of U.S.A.", "end start +endstart ~of u ~s ~a +usa")]
    [InlineData("日本語", "日 本 +日本 語 +本語")]
    [InlineData("水 A東京B", "水 ~a 東 京 +東京 b")]
    [InlineData("한국어 𠮷野", "한 국 +한국 어 +국어 𠮷 野 +𠮷野")]
    [InlineData("हिन्दी", "हिन्दी")]
    [InlineData("\uD800broken\uDC00 --- ... ///", "broken")]
    public void English_text_becomes_words_wholes_and_function_words(string text, string expected) =>
        Analyze(new AnalysisOptions(), text).ShouldBe(expected.Split(' '));

    [Fact]
    public void Without_a_language_words_keep_their_endings() =>
        Analyze(new AnalysisOptions { Language = AnalysisLanguage.None }, "The Foxes of l'Été are running")
            .ShouldBe(["the", "foxes", "of", "l", "ete", "are", "running"]);

    [Fact]
    public void Function_words_go_only_where_that_is_asked_for()
    {
        Analyze(new AnalysisOptions { DropStopWords = true }, "to be or not to be a bee").ShouldBe(["bee"]);
        Analyze(new AnalysisOptions(), "to be or not").ShouldBe(["~to", "~be", "~or", "~not"]);
    }

    [Fact]
    public void Very_long_words_and_texts_are_taken_as_they_are()
    {
        var word = new string('a', 70_000);
        Analyze(new AnalysisOptions(), word).ShouldBe([word]);
        var joined = string.Join('-', Enumerable.Repeat("ab", 5000)) + "-1";
        Analyze(new AnalysisOptions(), joined).Count.ShouldBe(5001);
    }

    [Theory]
    [InlineData("consign consigned consigning consignment", "consign consign consign consign")]
    [InlineData("consist consisted consistency consistent consistently consisting consists", "consist consist consist consist consist consist consist")]
    [InlineData("consolation consolations consolatory console consoled consoles consoling", "consol consol consolatori consol consol consol consol")]
    [InlineData("knack knackeries knacks knag knave knaves knavish kneaded kneading knee kneel", "knack knackeri knack knag knave knave knavish knead knead knee kneel")]
    [InlineData("knightly knights knit knits knitted knitting knives knob knock knocked knocker", "knight knight knit knit knit knit knive knob knock knock knocker")]
    [InlineData("generate generates generating generous generously communism community arsenal", "generat generat generat generous generous communism communiti arsenal")]
    [InlineData("skis skies dying lying tying idly gently ugly early only singly", "ski sky die lie tie idl gentl ugli earli onli singl")]
    [InlineData("sky news howe atlas cosmos bias andes", "sky news howe atlas cosmos bias andes")]
    [InlineData("inning innings outing canning herring earring proceed exceeded succeed", "inning inning outing canning herring earring proceed exceed succeed")]
    [InlineData("hopping hoped hoping hops falling hissing fizzed filing luxuriated hop", "hop hope hope hop fall hiss fizz file luxuri hop")]
    [InlineData("ties cries cats gas this kiwis gaps dresses tied by say cry", "tie cri cat gas this kiwi gap dress tie by say cri")]
    [InlineData("relational conditional rational valenci hesitanci digitizer radicalli vietnamization", "relat condit ration valenc hesit digit radic vietnam")]
    [InlineData("feudalism decisiveness hopefulness callousness formaliti sensitiviti sensibiliti apologi", "feudal decis hope callous formal sensit sensibl apolog")]
    [InlineData("triplicate formative formalize electriciti electrical hopeful goodness", "triplic format formal electr electr hope good")]
    [InlineData("revival allowance inference airliner adjustable defensible irritant replacement adoption", "reviv allow infer airlin adjust defens irrit replac adopt")]
    [InlineData("probate rate cease controll roll youth boyish flying sayings enjoyment", "probat rate ceas control roll youth boyish fli say enjoy")]
    [InlineData("agreed feed proceedings bleed dog's dogs' 'tis", "agre feed proceed bleed dog dog tis")]
    public void Porters_second_stemmer_takes_endings_as_published(string words, string stems)
    {
        Span<char> buffer = stackalloc char[EnglishStemmer.MaxLength];
        var actual = new List<string>();
        foreach (var word in words.Split(' '))
            actual.Add(EnglishStemmer.Stem(word, buffer).ToString());
        actual.ShouldBe(stems.Split(' '));
    }

    [Fact]
    public void Stemming_never_fails_and_never_lengthens_by_more_than_a_letter()
    {
        var random = new Random(3);
        Span<char> buffer = stackalloc char[EnglishStemmer.MaxLength];
        string[] endings = ["", "s", "ed", "ing", "ational", "iveness", "eedly", "y", "'s'", "ll", "ement", "ion", "yy"];
        for (var i = 0; i < 20_000; i++)
        {
            var word = string.Concat(Enumerable.Range(0, random.Next(0, 12)).Select(_ => "aeiouybcdlstx'"[random.Next(14)])) + endings[random.Next(endings.Length)];
            EnglishStemmer.Stem(word, buffer).Length.ShouldBeLessThanOrEqualTo(word.Length + 1);
        }
    }

    private static List<string> Analyze(AnalysisOptions options, string text)
    {
        var sink = new Collected([]);
        new TextAnalyzer(options).Analyze(text, ref sink);
        return sink.Terms;
    }

    private readonly struct Collected(List<string> terms) : ITermSink
    {
        public List<string> Terms => terms;

        public void AddWord(scoped ReadOnlySpan<char> term) => terms.Add(term.ToString());

        public void AddWhole(scoped ReadOnlySpan<char> term) => terms.Add($"+{term}");

        public void AddFunctionWord(scoped ReadOnlySpan<char> term) => terms.Add($"~{term}");
    }
}
