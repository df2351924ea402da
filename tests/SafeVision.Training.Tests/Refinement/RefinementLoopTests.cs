using Microsoft.Extensions.AI;
using SafeVision.Policies;
using SafeVision.Training.Adapters;
using SafeVision.Training.Data;
using SafeVision.Training.Data.Votes;
using SafeVision.Training.Refinement;
using SafeVision.Training.Runs;
using SafeVision.Training.Starter;

namespace SafeVision.Training.Tests.Refinement;

/// <summary>Rounds of training, judging, voting and editing.</summary>
public sealed class RefinementLoopTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => Path.Combine(_folder.Path, "data");

    [Fact]
    public async Task Labels_that_the_judges_reject_are_left_out_of_the_next_round_and_rounds_are_never_written_again()
    {
        RefinementOptions options = await MakeAsync(rounds: 2);
        RefinementResult result = await RefinementLoop.RunAsync(options, null, TestContext.Current.CancellationToken);

        RefinementRound first = result.Rounds[0];
        Assert.NotEmpty(first.Rejected);
        string excluded = Path.Combine(options.Training.Output, "round-2", "excluded.json");
        Assert.All(first.Rejected, id => Assert.Contains($"\"{id}\"", File.ReadAllText(excluded), StringComparison.Ordinal));
        Assert.NotNull(result.Before);
        Assert.NotNull(result.After);

        byte[] weights = await File.ReadAllBytesAsync(Path.Combine(options.Training.Output, "round-1", "run", "checkpoint", "model.safetensors"), TestContext.Current.CancellationToken);
        RefinementResult again = await RefinementLoop.RunAsync(options, null, TestContext.Current.CancellationToken);
        Assert.Equal(result.Best, again.Best);
        Assert.Equal(weights, await File.ReadAllBytesAsync(Path.Combine(options.Training.Output, "round-1", "run", "checkpoint", "model.safetensors"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_proposal_that_nobody_approves_is_written_down_and_not_made_and_an_approved_one_changes_the_next_rounds_policy()
    {
        RefinementOptions refused = await MakeAsync(rounds: 2, new Everything());
        RefinementResult without = await RefinementLoop.RunAsync(refused, null, TestContext.Current.CancellationToken);
        RefinementOptions approved = await MakeAsync(rounds: 2, new Everything(), _ => true, "approved");
        RefinementResult with = await RefinementLoop.RunAsync(approved, null, TestContext.Current.CancellationToken);

        Assert.NotEmpty(without.Rounds[0].Proposals);
        Assert.Empty(without.Rounds[0].Made);
        Assert.NotEmpty(with.Rounds[0].Made);
        Assert.Equal(["fruits", "carrot"], SafetyPolicy.FromFile(Path.Combine(approved.Training.Output, "round-2", "own.yaml")).Categories[0].Includes);
        Assert.Equal(["fruits"], SafetyPolicy.FromFile(approved.Training.Policy!).Categories[0].Includes);

        // The best round's policy is what comes out: where the edited round did not gain, the edit is taken back.
        Assert.Equal(with.Best == 2 ? 2 : 1, SafetyPolicy.FromFile(with.Policy).Categories[0].Includes.Count);
        Assert.Equal(with.Rounds[with.Best - 1].Policy, SafetyPolicy.FromFile(with.Policy).ContentHash);
    }

    [Fact]
    public async Task What_several_overlooked_images_show_is_proposed_to_be_included_and_what_accused_ones_show_excluded()
    {
        SafetyPolicy policy = SafetyPolicy.Parse(Runs.SceneDataset.Policy);
        TrainingSample sample = new() { Id = "x", Image = "images/x.png", ImageHash = new string('0', 64), Kind = QuestionKind.Policy, Split = TrainingSplit.Refine, Turns = [new TrainingTurn("?", "!")] };
        JudgedWrongly[] mistakes =
        [
            new(sample with { Category = "a" }, null, ["carrot", "fruits"]), new(sample with { Category = "a" }, null, ["carrot", "bus"]),
            new(sample, "a", ["tree", "carrot"]), new(sample, "a", ["tree"]), new(sample, "b", ["key"]),
        ];

        IReadOnlyList<PolicyProposal> proposals = await new EvidencePolicyEditor().ProposeAsync(policy, mistakes, TestContext.Current.CancellationToken);

        PolicyProposal proposal = Assert.Single(proposals);
        Assert.Equal(("a", "carrot", "tree"), (proposal.Category, Assert.Single(proposal.Includes), Assert.Single(proposal.Excludes)));
        Assert.Contains("+ include: carrot\n+ exclude: tree", proposal.Diff, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""Here: {"includes": ["carrots"], "excludes": [], "why": "w"} as asked""", 1)]
    [InlineData("no change", 0)]
    [InlineData("""{"includes": "carrots"}""", 0)]
    [InlineData("""{"includes": [1]}""", 0)]
    [InlineData("""{"includes": [], "excludes": []}""", 0)]
    [InlineData("""{"includes": ["x"], "includes": ["y"]}""", 0)]
    [InlineData("}{", 0)]
    public void A_models_answer_is_a_proposal_only_where_it_is_the_json_that_was_asked_for(string answer, int count) =>
        Assert.Equal(count, ChatPolicyEditor.Read("a", answer)?.Includes.Count ?? 0);

    [Fact]
    public void A_policy_grows_within_its_limits_and_by_nothing_that_it_says_already()
    {
        SafetyPolicy policy = SafetyPolicy.Parse(Runs.SceneDataset.Policy);
        var limits = new PolicyEditLimits { PhrasesInRound = 2, Characters = 10 };

        Assert.Null(limits.Apply(policy, new PolicyProposal("a", ["FRUITS", new string('x', 11), "tab\tbed", ""], [], "")));
        Assert.Null(limits.Apply(policy, new PolicyProposal("nobody", ["x"], [], "")));
        SafetyPolicy edited = limits.Apply(policy, new PolicyProposal("a", ["one", "two", "three"], ["four"], ""))!;
        Assert.Equal(["fruits", "one", "two"], edited.Categories[0].Includes);
        Assert.Empty(edited.Categories[0].Excludes);
        Assert.Equal(policy.Categories[1], edited.Categories[1]);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<RefinementOptions> MakeAsync(int rounds, IPolicyEditor? editor = null, Func<PolicyProposal, bool>? approve = null, string output = "rounds")
    {
        string model = Path.Combine(_folder.Path, "model"), policy = Path.Combine(_folder.Path, "own.yaml");
        if (!Directory.Exists(model))
        {
            StarterTraining.Create(model, new StarterTrainingOptions { Names = Runs.SceneDataset.Names, Sets = Runs.SceneDataset.Sets }).Dispose();
            await Runs.SceneDataset.WriteAsync(Data, train: 16, refine: 6, test: 4);
            List<TrainingSample> samples = [];
            TrainingDataset dataset = await TrainingDataset.OpenAsync(Data, TestContext.Current.CancellationToken);
            samples.AddRange(await dataset.ReadTrainAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
            samples.AddRange(await dataset.ReadRefineAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
            samples.AddRange(await dataset.ReadTestAsync(TestContext.Current.CancellationToken).Select(held => held.Sample).ToListAsync(TestContext.Current.CancellationToken));
            await TrainingDataset.WriteAsync(Data, samples.Select(sample => sample with { Policy = null }).ToAsyncEnumerable(), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(policy, Runs.SceneDataset.Policy, TestContext.Current.CancellationToken);
        }

        // A judge that finds every label wrong, and whose vote outweighs the model's own.
        return new RefinementOptions
        {
            Training = new TrainingOptions { Model = model, Data = Data, Output = Path.Combine(_folder.Path, output), Policy = policy, Steps = 2, Rows = 2, Accumulation = 1, Rate = 1e-3, Adapter = new LowRankOptions { Rank = 2 }, Converts = false },
            Rounds = rounds,
            MinimumGain = -1, // every round is looked at: what is tested is what happens between them
            Judges = (_, _) => Task.FromResult<IReadOnlyList<ImageJudge>>([ImageJudge.From("strict", new Naysayer())]),
            Rule = (_, names) => VoteRule.Create(names.ToDictionary(name => name, name => name == "strict" ? 10.0 : 1)),
            Editor = editor,
            Approve = approve is null ? null : (proposal, _) => ValueTask.FromResult(approve(proposal)),
        };
    }

    private sealed class Naysayer : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, messages.First().Contents.OfType<TextContent>().First().Text.Contains("harmless", StringComparison.Ordinal) ? "I can't say." : "No.")));

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }

    private sealed class Everything : IPolicyEditor
    {
        public Task<IReadOnlyList<PolicyProposal>> ProposeAsync(SafetyPolicy policy, IReadOnlyList<JudgedWrongly> mistakes, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<PolicyProposal>>([new PolicyProposal("a", ["carrot"], [], "It is one.")]);
    }
}
