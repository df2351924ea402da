using Microsoft.Extensions.AI;

namespace SafeVision.Extensions.AI;

/// <summary>The images of a conversation, in order, and those that can't be judged here.</summary>
internal sealed class ConversationImages
{
    /// <summary>How deep results of tools may lie in each other; none that is honest lies deeper than two.</summary>
    private const int DeepestNesting = 8;

    private readonly int _most;
    private readonly List<ImageSource> _images = [];
    private readonly List<string> _unjudged = [];

    private ConversationImages(int most) => _most = most;

    /// <summary>The images to be judged; each is named by where it stands.</summary>
    public IReadOnlyList<ImageSource> Images => _images;

    /// <summary>One sentence for each image, or each kind of them, that is not judged.</summary>
    public IReadOnlyList<string> Unjudged => _unjudged;

    /// <summary>Finds the images.</summary>
    /// <param name="messages">The messages, in order.</param>
    /// <param name="most">How many images are to be judged.</param>
    public static ConversationImages Of(IEnumerable<ChatMessage> messages, int most)
    {
        var found = new ConversationImages(most);
        foreach (ChatMessage message in messages)
        {
            found.Add(message.Contents, $"{Role(message)} message", 0);
        }

        return found;
    }

    private static string Role(ChatMessage message) => message.Role == ChatRole.User ? "user"
        : message.Role == ChatRole.Assistant ? "assistant"
        : message.Role == ChatRole.System ? "system"
        : message.Role == ChatRole.Tool ? "tool"
        : "other";

    private void Add(IEnumerable<AIContent> contents, string where, int depth)
    {
        if (depth > DeepestNesting)
        {
            Skip($"Contents of a {where} lie in each other more than {DeepestNesting} deep and were not looked at.");
            return;
        }

        foreach (AIContent content in contents)
        {
            switch (content)
            {
                case DataContent data when data.HasTopLevelMediaType("image"):
                    Add(data, where);
                    break;
                case DataContent data when data.HasTopLevelMediaType("video"):
                    Skip($"A video in a {where} was not judged: only images are.");
                    break;
                case UriContent uri when uri.HasTopLevelMediaType("image"):
                    AddUri(uri, where);
                    break;
                case HostedFileContent file when file.HasTopLevelMediaType("image"):
                    Skip($"An image in a {where} is a hosted file and was not fetched; put its bytes into a DataContent to have it judged.");
                    break;
                case FunctionResultContent { Result: AIContent result }:
                    Add([result], where, depth + 1);
                    break;
                case FunctionResultContent { Result: IEnumerable<AIContent> results }:
                    Add(results, where, depth + 1);
                    break;
                case ImageGenerationToolResultContent { Outputs: { } outputs }:
                    Add(outputs, where, depth + 1);
                    break;
                case McpServerToolResultContent { Outputs: { } outputs }:
                    Add(outputs, where, depth + 1);
                    break;
                case CodeInterpreterToolResultContent { Outputs: { } outputs }:
                    Add(outputs, where, depth + 1);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>An image in an address is judged; any other address is not opened, neither on a network nor on a disk.</summary>
    private void AddUri(UriContent content, string where)
    {
        if (!content.Uri.IsAbsoluteUri || content.Uri.Scheme != "data")
        {
            string scheme = content.Uri.IsAbsoluteUri ? content.Uri.Scheme : "relative";
            Skip($"An image in a {where} is a {scheme} address and was not fetched: the evaluator works offline. Put its bytes into a DataContent to have it judged.");
            return;
        }

        try
        {
            Add(new DataContent(content.Uri), where);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or UriFormatException)
        {
            Skip($"An image in a {where} is a data address that is not well formed.");
        }
    }

    private void Add(DataContent data, string where)
    {
        if (_images.Count == _most)
        {
            Skip($"There are more than {_most} images ({nameof(ImageGuardrailEvaluatorOptions)}.{nameof(ImageGuardrailEvaluatorOptions.MaxImages)}); the others were not judged.");
            return;
        }

        try
        {
            _images.Add(ImageSource.FromBytes(data.Data, $"image {_images.Count + 1} ({where})"));
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException)
        {
            Skip($"An image in a {where} is not well-formed base64.");
        }
    }

    private void Skip(string why)
    {
        if (!_unjudged.Contains(why))
        {
            _unjudged.Add(why);
        }
    }
}
