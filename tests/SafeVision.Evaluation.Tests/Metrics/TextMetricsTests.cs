using System.Text.Json.Nodes;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class TextMetricsTests
{
    public static TheoryData<int> Pairs => [.. Enumerable.Range(0, MetricGolden.Text["pairs"]!.AsArray().Count)];

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_text_is_scored_as_by_sacrebleu_rouge_score_and_nltk(int index)
    {
        JsonNode pair = MetricGolden.Text["pairs"]![index]!;
        (string hypothesis, string[] references) = (pair["hypothesis"]!.GetValue<string>(), pair["references"].Strings());
        Assert.Equal(pair["hypothesis_tokens"].Strings(), TextMetrics.Tokenize(hypothesis));
        pair["bleu4"]!.Matches("none", TextMetrics.Bleu(hypothesis, references, BleuSmoothing.None));
        pair["bleu4"]!.Matches("add1", TextMetrics.Bleu(hypothesis, references, BleuSmoothing.AddOne));
        pair["bleu4"]!.Matches("exp", TextMetrics.Bleu(hypothesis, references, BleuSmoothing.Exponential));
        pair.Matches("bleu1", TextMetrics.Bleu(hypothesis, references, BleuSmoothing.None, order: 1));
        pair.Matches("rouge_l_best_f1", TextMetrics.RougeL(hypothesis, references).F1);
        pair.Matches("token_f1", TextMetrics.TokenF1(hypothesis, references));
        for (int i = 0; i < references.Length; i++)
        {
            Same(pair["rouge_1"]![i]!, TextMetrics.RougeN(hypothesis, references[i], 1));
            Same(pair["rouge_2"]![i]!, TextMetrics.RougeN(hypothesis, references[i], 2));
            Same(pair["rouge_l"]![i]!, TextMetrics.RougeL(hypothesis, references[i]));
        }
    }

    [Fact]
    public void A_corpus_is_scored_from_its_summed_counts()
    {
        (string, IReadOnlyList<string>)[] corpus =
            [.. MetricGolden.Text["pairs"]!.AsArray().Select(pair => (pair!["hypothesis"]!.GetValue<string>(), (IReadOnlyList<string>)pair["references"].Strings()))];
        MetricGolden.Text["corpus_bleu4"]!.Matches("none", TextMetrics.CorpusBleu(corpus, BleuSmoothing.None));
        MetricGolden.Text["corpus_bleu4"]!.Matches("exp", TextMetrics.CorpusBleu(corpus, BleuSmoothing.Exponential));
        Assert.Null(TextMetrics.CorpusBleu([], BleuSmoothing.None));
    }

    [Fact]
    public void A_text_that_never_ends_costs_bounded_time()
    {
        string endless = string.Concat(Enumerable.Repeat("knife gun ", 2_000_000));
        Assert.Equal(TextMetrics.LongestText, TextMetrics.Tokenize(endless).Count);
        Assert.Equal(1, TextMetrics.RougeL(endless, endless).F1);
    }

    [Fact]
    public void Without_a_reference_there_is_no_score()
    {
        Assert.Throws<ArgumentException>(() => TextMetrics.Bleu("a", [], BleuSmoothing.None));
        Assert.Throws<ArgumentException>(() => TextMetrics.RougeL("a", []));
        Assert.Throws<ArgumentException>(() => TextMetrics.TokenF1("a", []));
    }

    private static void Same(JsonNode golden, TextOverlap actual)
    {
        golden.Matches("precision", actual.Precision);
        golden.Matches("recall", actual.Recall);
        golden.Matches("f1", actual.F1);
    }
}
