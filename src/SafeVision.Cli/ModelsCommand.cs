using System.CommandLine;
using SafeVision.Models;
using Spectre.Console;

namespace SafeVision.Cli;

/// <summary><c>safevision models</c>: what is in the package.</summary>
internal static class ModelsCommand
{
    public static Command Create()
    {
        var command = new Command("models", "List the default models: what each can assess, its size, hash, licence and source.");
        command.SetAction(_ =>
        {
            foreach (ModelManifest manifest in DefaultModels.All.Select(model => model.Manifest))
            {
                var table = new Table { Title = new TableTitle(manifest.Id), Border = TableBorder.Rounded, ShowHeaders = false }.AddColumn("").AddColumn("");
                table.AddRow("assesses", Markup.Escape(manifest.Description));
                table.AddRow("labels", manifest.Labels.Count == 0 ? "-" : $"{manifest.Labels.Count}");
                table.AddRow("categories", Markup.Escape(string.Join(", ", manifest.Categories.SelectMany(entry => entry.Value.Keys).Distinct()) is { Length: > 0 } list ? list : "by meaning only"));
                table.AddRow("size", FormattableString.Invariant($"{manifest.Bytes / 1e6:0.0} MB"));
                table.AddRow("sha256", manifest.Sha256);
                table.AddRow("licence", Markup.Escape(manifest.License));
                table.AddRow("source", Markup.Escape(manifest.Source));
                AnsiConsole.Write(table);
            }

            return 0;
        });
        return command;
    }
}
