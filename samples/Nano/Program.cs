using SafeVision;
using SafeVision.Policies;

SafetyPolicy policy = SafetyPolicy.Define("picture-book", "1")
    .Category("weapons", category => category.Includes("daggers", "bombs", "bows and arrows"))
    .Category("smoking", category => category.Includes("cigarettes"))
    .Category("gambling", category => category.Includes("slot machines", "roulette wheels")) // no roulette wheel was ever drawn: not assessed
    .Build();

await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseNano());
foreach (string path in args)
{
    GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(path));
    Console.WriteLine($"{Path.GetFileName(path)}: {result.Decision}: {result.Explanation}");
}
