using Google.Protobuf.Reflection;

namespace Grpc.Reflection;

/// <summary>Which file declares what, for the files of some services and all that they import. Immutable.</summary>
internal sealed class SymbolRegistry
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, FileDescriptor>> _extensions =
        new(StringComparer.Ordinal);

    public SymbolRegistry(IEnumerable<FileDescriptor> files)
    {
        foreach (var file in files)
            AddFile(file);
    }

    public FileDescriptor? FindFile(string name) => _files.GetValueOrDefault(name);

    public FileDescriptor? FindSymbol(string fullName) => _symbols.GetValueOrDefault(fullName);

    public FileDescriptor? FindExtension(string message, int number) =>
        _extensions.TryGetValue(message, out var byNumber) ? byNumber.GetValueOrDefault(number) : null;

    /// <summary>The numbers of a message's extensions; null for a message that is not known.</summary>
    public IEnumerable<int>? FindExtensionNumbers(string message)
    {
        if (_extensions.TryGetValue(message, out var byNumber))
            return byNumber.Keys;
        return _symbols.ContainsKey(message) ? [] : null;
    }

    /// <summary>A file and everything it imports, each once, imports first.</summary>
    public static IReadOnlyList<FileDescriptor> WithImports(FileDescriptor file)
    {
        var files = new List<FileDescriptor>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Visit(file);
        return files;

        void Visit(FileDescriptor one)
        {
            if (!seen.Add(one.Name))
                return;
            foreach (var import in one.Dependencies)
                Visit(import);
            files.Add(one);
        }
    }

    private void AddFile(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
            return;
        foreach (var import in file.Dependencies)
            AddFile(import);
        foreach (var service in file.Services)
        {
            Declare(service);
            foreach (var method in service.Methods)
                Declare(method);
        }

        foreach (var message in file.MessageTypes)
            AddMessage(message);
        foreach (var one in file.EnumTypes)
            AddEnum(one);
        foreach (var extension in file.Extensions.UnorderedExtensions)
            AddExtension(extension);
    }

    private void AddMessage(MessageDescriptor message)
    {
        Declare(message);
        foreach (var field in message.Fields.InDeclarationOrder())
            Declare(field);
        foreach (var oneof in message.Oneofs)
            Declare(oneof);
        foreach (var nested in message.NestedTypes)
            AddMessage(nested);
        foreach (var nested in message.EnumTypes)
            AddEnum(nested);
        foreach (var extension in message.Extensions.UnorderedExtensions)
            AddExtension(extension);
    }

    private void AddEnum(EnumDescriptor one)
    {
        Declare(one);
        foreach (var value in one.Values)
            Declare(value);
    }

    private void AddExtension(FieldDescriptor extension)
    {
        Declare(extension);
        var extended = extension.ExtendeeType.FullName;
        if (!_extensions.TryGetValue(extended, out var byNumber))
            _extensions[extended] = byNumber = [];
        byNumber[extension.FieldNumber] = extension.File;
    }

    private void Declare(IDescriptor descriptor) => _symbols.TryAdd(descriptor.FullName, descriptor.File);
}
