using SafeVision.Cli;

return await CommandLine.RunAsync(args, StandardOutput.Open(), Console.Error);
