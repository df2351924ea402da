using SafeVision;
using SafeVision.Policies;

SafetyPolicy policy = SafetyPolicy.Define("my-shop", "1")
    .Category("Weapons", category => category
        .Protects("Buyers must not be offered arms.")
        .Includes("firearms, cannons and tanks", "knives shown as weapons")
        .Excludes("rockets and spacecraft"))
    .Category(HarmCategory.Sexual)
    .Build();

await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(args[0]));
Console.WriteLine($"{result.Decision}: {result.Explanation}");
