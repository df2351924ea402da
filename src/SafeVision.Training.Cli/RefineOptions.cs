using SafeVision.Training.Refinement;

namespace SafeVision.Training.Cli;

/// <summary>The options of <c>safevision train</c> that make rounds of a run.</summary>
internal sealed class RefineOptions
{
    private readonly Option<int?> _rounds = NumberOption.Create("--rounds", "Refine in at most so many rounds: train, judge the refine split, vote on labels, propose changes of the policy, train again; the best round is kept. Needs --policy.", 20);
    private readonly Option<string[]> _judges = new("--judge") { Description = "The folder of a converted vision-language model that votes on labels in rounds; may be given several times." };
    private readonly Option<string> _approve = new("--approve") { Description = "Changes of the policy that are proposed in rounds: none is made, each is asked about (ask), or all.", DefaultValueFactory = _ => "none" };

    public RefineOptions() => _approve.AcceptOnlyFromAmong("none", "ask", "all");

    public void AddTo(Command command)
    {
        command.Options.Add(_rounds);
        command.Options.Add(_judges);
        command.Options.Add(_approve);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_rounds) is null && new Option[] { _judges, _approve }.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } option)
            {
                result.AddError($"{option.Name} is for rounds, so it needs --rounds.");
            }
        });
    }

    /// <summary>The rounds that are asked for; null: a single run.</summary>
    public RefinementOptions? Read(ParseResult parsed, TrainingOptions training) => parsed.GetValue(_rounds) is { } rounds
        ? new RefinementOptions
        {
            Training = training,
            Rounds = rounds,
            Editor = new EvidencePolicyEditor(),
            Judges = parsed.GetValue(_judges) is { Length: > 0 } folders ? (policy, _) => Task.FromResult<IReadOnlyList<ImageJudge>>([.. folders.Select(folder => Judge(folder, policy))]) : null,
            Approve = parsed.GetValue(_approve) switch
            {
                "all" => (_, _) => ValueTask.FromResult(true),
                "ask" => (proposal, _) => ValueTask.FromResult(Ask(proposal)),
                _ => null,
            },
        }
        : null;

    private static ImageJudge Judge(string folder, SafetyPolicy policy) => ImageJudge.From(
        Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseVisionLanguageModel(folder)));

    private static bool Ask(PolicyProposal proposal)
    {
        Console.Error.WriteLine($"\n{Terminal.Plain(proposal.Diff)}\nMake this change? [y/N]");
        return Console.In.ReadLine()?.Trim().Equals("y", StringComparison.OrdinalIgnoreCase) == true;
    }
}
