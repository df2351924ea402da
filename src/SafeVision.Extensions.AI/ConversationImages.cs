using System.Collections;
using System.Text.RegularExpressions;

namespace SafeVision.Extensions.AI;

/// <summary>The images of a conversation, in order, and those that can't be judged here: contents of any kind that are
/// images by their bytes or by their type, and images written into texts, as results of tools are and as pages show
/// them.</summary>
internal sealed partial class ConversationImages
{
    private static readonly string[] s_imageless = ["text", "audio"];

    /// <summary>How deep results of tools may lie in each other; none that is honest lies deeper than two.</summary>
    private const int DeepestNesting = 8;

    /// <summary>How deep JSON may be, and how many values of tools are looked at in one conversation.</summary>
    private const int DeepestJson = 64, MostValues = 1_000_000;

    private readonly int _most;
    private int _looked;
    private readonly List<ImageSource> _images = [];
    private readonly List<string> _unjudged = [];

    private ConversationImages(int most) => _most = most;

    /// <summary>The images to be judged; each is named by where it stands.</summary>
    public IReadOnlyList<ImageSource> Images => _images;

    /// <summary>One sentence for each image, or each kind of them, that is not judged.</summary>
    public IReadOnlyList<string> Unjudged => _unjudged;

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
                case DataContent data when data.HasTopLevelMediaType("image") || IsImage(data):
                    Add(data, where);
                    break;
                case DataContent data when data.HasTopLevelMediaType("video"):
                    Skip($"A video in a {where} was not judged: only images are.");
                    break;
                case DataContent data when data.MediaType is "application/pdf":
                    Skip($"A PDF document in a {where} was not judged: only images are.");
                    break;
                case UriContent uri when uri.HasTopLevelMediaType("image") || uri.Uri is { IsAbsoluteUri: true, Scheme: "data" }:
                    AddUri(uri, where);
                    break;
                case UriContent uri when !Array.Exists(s_imageless, uri.HasTopLevelMediaType):
                    Skip($"What is at an address in a {where} may show something and was not fetched: the evaluator works offline.");
                    break;
                case HostedFileContent file when !Array.Exists(s_imageless, file.HasTopLevelMediaType):
                    Skip($"A hosted file in a {where} may be an image and was not fetched; put its bytes into a DataContent to have it judged.");
                    break;
                case TextContent text:
                    AddText(text.Text, where);
                    break;
                case FunctionCallContent { Arguments: { } arguments }:
                    AddResult(arguments.Values, where, depth + 1);
                    break;
                case FunctionResultContent { Result: { } result }:
                    AddResult(result, where, depth + 1);
                    break;
                default:
                    Add(OutputsOf(content), where, depth + 1);
                    break;
            }
        }
    }

    private static IList<AIContent> OutputsOf(AIContent content) => content switch
    {
        ImageGenerationToolResultContent generation => generation.Outputs,
        McpServerToolResultContent server => server.Outputs,
        CodeInterpreterToolResultContent interpreter => interpreter.Outputs,
        _ => null,
    } ?? [];

    /// <summary>What a tool was given or gives back: contents, texts, or JSON, in which MCP writes an image as its base64 beside its type.</summary>
    private void AddResult(object? result, string where, int depth)
    {
        if (depth > DeepestJson || ++_looked > MostValues)
        {
            Skip($"What a tool was given or gives back in a {where} is too deep or too much, and was not looked at whole.");
            return;
        }

        switch (result)
        {
            case AIContent content:
                Add([content], where, depth);
                break;
            case byte[] bytes:
                Add([new DataContent(bytes, "application/octet-stream")], where, depth);
                break;
            case string text when ParseJson(text) is { } json:
                AddResult(json, where, depth + 1);
                break;
            case string text:
                AddText(text, where);
                break;
            case JsonElement { ValueKind: JsonValueKind.String } json:
                AddResult(json.GetString(), where, depth + 1);
                break;
            case JsonElement { ValueKind: JsonValueKind.Array } json:
                foreach (JsonElement item in json.EnumerateArray())
                {
                    AddResult(item, where, depth + 1);
                }

                break;
            case JsonElement { ValueKind: JsonValueKind.Object } json:
                JsonProperty[] properties = [.. json.EnumerateObject()];
                bool isImage = properties.Any(property => property.Name is "mimeType" or "mediaType" or "media_type" or "mime_type" && Text(property.Value)?.StartsWith("image/", StringComparison.OrdinalIgnoreCase) == true);
                foreach (JsonProperty property in properties)
                {
                    AddText(property.Name, where);
                    if (isImage && property.Name is "data" or "base64" or "blob" && Text(property.Value) is { } base64)
                    {
                        AddText($"data:image/any;base64,{base64}", where);
                    }
                    else
                    {
                        AddResult(property.Value, where, depth + 1);
                    }
                }

                break;
            case System.Text.Json.Nodes.JsonNode node:
                AddResult(JsonSerializer.SerializeToElement(node), where, depth);
                break;
            case IEnumerable values when depth <= DeepestNesting:
                foreach (object? value in values)
                {
                    AddResult(value, where, depth + 1);
                }

                break;
            case IEnumerable:
                Add([], where, depth);
                break;
            default:
                break;
        }

        static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    /// <summary>The object or list that a text writes as JSON, as many tools give their results; null: none.</summary>
    private static JsonElement? ParseJson(string text)
    {
        try
        {
            return text.AsSpan().TrimStart() is ['{' or '[', ..] ? JsonElement.Parse(text) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Images in a text: those that it holds are judged, those that it links to are not fetched.</summary>
    private void AddText(string? text, string where)
    {
        foreach (Match image in Embedded().Matches(text ?? ""))
        {
            try
            {
                Add(new DataContent(image.Value), where);
            }
            catch (Exception exception) when (exception is ArgumentException or FormatException)
            {
                Skip($"An image in a {where} is a data address that is not well formed.");
            }
        }

        if (Linked().IsMatch(text ?? ""))
        {
            Skip($"A text in a {where} shows an image from an address, which was not fetched: the evaluator works offline.");
        }
    }

    /// <summary>Whether bytes are an image, whatever they are said to be.</summary>
    private static bool IsImage(DataContent data)
    {
        try
        {
            EncodedImage.Read(data.Data, new ImageLimits());
            return true;
        }
        catch (ImageRejectedException exception)
        {
            return exception.Reason is not ImageRejectionReason.Unsupported && data.Data.Length > 64; // a few bytes that begin like an image show nothing
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException)
        {
            return false;
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

    [GeneratedRegex(@"data:image/[\w.+-]{1,60}(?:;[\w=.+-]{1,60}){0,4},[^\s""'<>()\\]*", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Embedded();

    [GeneratedRegex(@"!\[[^\]\n]{0,500}\]\(\s*<?(?:https?:)?//|<img\s[^>]{0,500}?src\s*=\s*[""']?\s*(?:https?:)?//", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Linked();
}
