using System.CommandLine;
using SafeVision.Cli;

var root = new RootCommand("Checks images against a written policy, on this machine, and says why.")
{
    CheckCommand.Create(),
    PolicyCommand.Create(),
    ModelsCommand.Create(),
    DoctorCommand.Create(),
    ConvertCommand.Create(),
};

return await CommandErrors.GuardAsync(() => root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
