using SafeVision;
using SafeVision.Policies;

SafetyPolicy policy = SafetyPolicy.Define("my-shop", "1")
    .Category("Weapons", category => category
        .Protects("Buyers must not be offered arms.")
        .Includes("firearms, and parts of them", "knives shown as weapons")
        .Excludes("kitchen knives in use in a kitchen", "toys that are plainly toys"))
    .Category(HarmCategory.Sexual)
    .Build();

await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(args[0]));
Console.WriteLine($"{result.Decision}: {result.Explanation}");
