using System.CommandLine;
using System.Runtime.InteropServices;
using SafeVision.Execution;
using SafeVision.Models;

namespace SafeVision.Cli;

/// <summary><c>safevision doctor</c>: whether this machine computes what the models' makers measured.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var folders = new Argument<string[]>("folder") { Description = "Model folders; without any, the default models.", Arity = ArgumentArity.ZeroOrMore };
        Option<string> provider = ProviderOption.Create();
        var command = new Command("doctor", "Show the providers found, check the models' files against their hashes, and run their golden inputs on this machine.") { folders, provider };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            Console.WriteLine($"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, ONNX Runtime {ProviderCatalog.RuntimeVersion}");
            foreach (ProviderDevice device in ProviderCatalog.Discover())
            {
                Console.WriteLine($"provider  {device.Provider} on {device.Kind} ({device.Vendor})");
            }

            string[] named = parsed.GetValue(folders)!;
            IReadOnlyList<ModelPackage> models = named.Length == 0 ? DefaultModels.All : [.. named.Select(ModelPackage.Open)];
            ExecutionOptions options = ProviderOption.Options(parsed.GetValue(provider)!);
            bool sound = true;
            foreach (ModelPackage model in models)
            {
                sound &= await ExamineAsync(model, options, cancellationToken);
            }

            Console.WriteLine(sound ? "All is well." : "Something is wrong; see above.");
            return sound ? 0 : CommandErrors.Error;
        });
        return command;
    }

    private static async Task<bool> ExamineAsync(ModelPackage model, ExecutionOptions options, CancellationToken cancellationToken)
    {
        try
        {
            ModelExamination examination = await ModelExamination.RunAsync(model, options, cancellationToken);
            Console.WriteLine(FormattableString.Invariant(
                $"model     {model.Manifest.Id}: files match their hashes; {examination.Goldens} golden inputs on {examination.Provider.Selected.Name} differ by {examination.LargestDifference:0.0e+0} at most ({(examination.IsSound ? "fine" : $"more than {ModelExamination.Tolerance:0.0e+0}: WRONG")})"));
            return examination.IsSound;
        }
        catch (Exception exception) when (exception is ModelLoadException or ExecutionProviderException)
        {
            Console.WriteLine($"model     {exception.Message}");
            return false;
        }
    }
}
