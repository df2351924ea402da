using SafeVision;
using SafeVision.Policies;

// Judges an image by a vision-language model: prints the reason while the model writes it, then what follows from it.
if (args is not [string model, string image])
{
    Console.Error.WriteLine("Give the folder of a vision-language model and an image.");
    return 1;
}

SafetyPolicy policy = SafetyPolicy.Define("my-shop", "1")
    .Category("Weapons", category => category
        .Protects("Buyers must not be offered arms.")
        .Includes("firearms, cannons and tanks", "knives shown as weapons")
        .Excludes("rockets and spacecraft"))
    .Category("Alcohol", category => category
        .Protects("The shop has no licence to sell it.")
        .Includes("bottles and cans of beer, wine or spirits")
        .Excludes("glasses without a drink"))
    .Build();

await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
    .UsePolicy(policy)
    .UseVisionLanguageModel(model)
    .WithTimeout(TimeSpan.FromMinutes(5)));

await foreach (GuardrailUpdate update in guardrail.CheckStreamingAsync(ImageSource.FromFile(image)))
{
    Console.Write(update.Reason);
    if (update.Result is { } result)
    {
        Console.WriteLine();
        Console.WriteLine($"{result.Decision}: {result.Explanation}");
        foreach (Finding finding in result.Findings)
        {
            Console.WriteLine($"{finding.Category}: score {finding.Score:0.00}, probability {finding.Evidence.Probability:0.000}, margin {finding.Evidence.Margin:+0.000;-0.000}");
        }

        if (result.Provenance.Tokens is { } tokens)
        {
            Console.WriteLine($"{tokens.Prompt} tokens read, {tokens.Reused} of them computed before; {tokens.Written} written.");
        }
    }
}

return 0;
