using SafeVision.Files;
using SafeVision.Training.Data.Drafting;
using SafeVision.Training.Data.Questions;

namespace SafeVision.Training.Cli;

/// <summary><c>safevision data vote</c>.</summary>
internal static class DataVoteCommand
{
    public static Command Create()
    {
        var project = StageOptions.Project();
        var policy = new Option<string>("--policy") { Description = "The policy that defines the labels.", Required = true };
        var models = new Option<string[]>("--judge") { Description = "'default' for the models that come with safevision, or the folder of a converted vision-language model; may be given several times." };
        var weights = new Option<string[]>("--weight") { Description = "A judge's weight, NAME=0.5; 1 unless given. A judge is called by the last part of its folder, 'default', or the served model's name." };
        var threshold = new Option<double>("--threshold") { Description = "The share of \"no\" above which a label is rejected.", DefaultValueFactory = _ => 0.5 };
        Option<int?> round = NumberOption.Create("--paper-round", "Use the paper's weights and threshold of this round of refinement; the first judge is the model in training.", 44);
        var undecided = new Option<bool>("--keep-undecided") { Description = "Keep images on which too few judges had an opinion." };
        var chat = new ChatOptionSet("judge");
        var stage = new StageOptions();
        var command = new Command("vote", "Let several judges say whether an image's label is right, and drop images whose label is rejected.") { project, policy, models, weights, threshold, round, undecided };
        chat.AddTo(command);
        stage.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            SafetyPolicy rules = SafetyPolicy.FromFile(parsed.GetValue(policy)!);
            List<IImageGuardrail> guardrails = [];
            using ServedChat? served = chat.Read(parsed);
            try
            {
                List<ImageJudge> judges = [];
                foreach (string model in parsed.GetValue(models) ?? [])
                {
                    guardrails.Add(ImageGuardrail.Create(builder => _ = model == "default" ? builder.UsePolicy(rules).UseDefaultModels() : builder.UsePolicy(rules).UseVisionLanguageModel(model)));
                    judges.Add(ImageJudge.From(Path.GetFileName(Path.TrimEndingDirectorySeparator(model)), guardrails[^1]));
                }

                if (served is not null)
                {
                    judges.Add(ImageJudge.From(served.Model, served));
                }

                if (judges.Count == 0)
                {
                    throw new ArgumentException("Name at least one judge: --judge default, --judge FOLDER, or --chat.");
                }

                VoteRule rule = parsed.GetValue(round) is { } number
                    ? VoteRule.Paper(number, judges[0].Name, [.. judges.Skip(1).Select(judge => judge.Name)])
                    : VoteRule.Create(judges.ToDictionary(judge => judge.Name, judge => WeightOf(judge.Name, parsed.GetValue(weights) ?? [])), parsed.GetValue(threshold));
                await parsed.InvocationConfiguration.Error.WriteLineAsync(Terminal.Name(rule.Describe()));
                var options = new VoteOptions { Policy = rules, Judges = judges, Rule = rule, KeepUndecided = parsed.GetValue(undecided) };
                return await StageOptions.ReportAsync(parsed, await DataProject.Open(parsed.GetValue(project)!).VoteAsync(options, stage.Read(parsed), cancellationToken));
            }
            finally
            {
                foreach (IImageGuardrail guardrail in guardrails)
                {
                    await guardrail.DisposeAsync();
                }
            }
        });
        return command;
    }

    private static double WeightOf(string judge, string[] weights) =>
        weights.Select(weight => weight.Split('=')).LastOrDefault(parts => parts[0] == judge) is not { } found ? 1
        : found.Length == 2 && double.TryParse(found[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double weight) ? weight
        : throw new ArgumentException($"'{string.Join('=', found)}' is no weight; write NAME=0.5.");
}

/// <summary><c>safevision data generate</c>.</summary>
internal static class DataGenerateCommand
{
    public static Command Create()
    {
        var project = StageOptions.Project();
        var policy = new Option<string>("--policy") { Description = "The policy that images are judged by.", Required = true };
        var prompt = new Option<string?>("--prompt-file") { Description = "The safevision-prompt.yaml of the model, so that training asks as the engine will." };
        var noBoundaries = new Option<bool>("--no-boundaries") { Description = "Leave out policies that judge an image differently." };
        var seed = new Option<long>("--seed") { Description = "Another seed asks otherwise.", DefaultValueFactory = _ => 1 };
        var chat = new ChatOptionSet("teacher");
        var stage = new StageOptions();
        var command = new Command("generate", "Write questions and answers: from exact truth where it is known, from a teacher elsewhere.") { project, policy, prompt, noBoundaries, seed };
        chat.AddTo(command);
        stage.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using ServedChat? served = chat.Read(parsed);
            var options = new GenerateOptions
            {
                Policy = SafetyPolicy.FromFile(parsed.GetValue(policy)!),
                PromptFile = parsed.GetValue(prompt) is { } file ? await File.ReadAllTextAsync(file, cancellationToken) : null,
                Teacher = served is null ? null : new ImageTeacher(served, served.Model),
                Boundaries = !parsed.GetValue(noBoundaries),
                Seed = parsed.GetValue(seed),
            };
            return await StageOptions.ReportAsync(parsed, await DataProject.Open(parsed.GetValue(project)!).GenerateAsync(options, stage.Read(parsed), cancellationToken));
        });
        return command;
    }
}

/// <summary><c>safevision data policy</c>.</summary>
internal static class DataPolicyCommand
{
    private const int MostBytes = 1 << 20;

    public static Command Create()
    {
        var text = new Argument<string>("text") { Description = "The policy's text: headings with bullets, the paper's JSON lines, or with --chat any prose." };
        var output = new Option<string>("--out") { Description = "The policy file to write.", Required = true };
        var name = new Option<string?>("--name") { Description = "The policy's name; that of the file unless given." };
        var change = new Option<string?>("--change") { Description = "The policy that it changes; its thresholds and rules stay." };
        var yes = new Option<bool>("--yes") { Description = "Write the file; without it the difference is shown and nothing is written." };
        var chat = new ChatOptionSet("reader");
        var command = new Command("policy", "Make a policy file of a text for people, and show what it changes.") { text, output, name, change, yes };
        chat.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string path = parsed.GetValue(text)!, file = parsed.GetValue(output)!;
            string words = System.Text.Encoding.UTF8.GetString(SafeVision.Files.RegularFile.ReadAllBytes(path, MostBytes));
            string called = parsed.GetValue(name) ?? Path.GetFileNameWithoutExtension(file);
            SafetyPolicy? current = parsed.GetValue(change) is { } old ? SafetyPolicy.FromFile(old) : null;
            using ServedChat? served = chat.Read(parsed);
            PolicyDraft proposal = served is null
                ? PolicyDrafting.Read(words, called, current)
                : await PolicyDrafting.ReadAsync(served, words, called, current, cancellationToken: cancellationToken);
            TextWriter console = parsed.InvocationConfiguration.Output;
            await console.WriteLineAsync(Terminal.Plain(proposal.Difference));
            if (!parsed.GetValue(yes))
            {
                await parsed.InvocationConfiguration.Error.WriteLineAsync("Nothing is written. Look at the difference, and write it with --yes.");
                return 0;
            }

            WholeFile.Write(file, proposal.Policy.ToYaml());
            return 0;
        });
        return command;
    }
}
