using SafeVision.Cli;
using SafeVision.Cli.Output;

return await CommandLine.RunAsync(args, StandardOutput.Open(), Console.Error);
