using SafeVision.Training.Cli;

return await TrainingCommandLine.RunAsync(args, StandardOutput.Open(), Console.Error);
