using Microsoft.Extensions.Options;

namespace Grpc.AspNetCore.Server;

/// <summary>Refuses options that cannot work, naming every wrong one.</summary>
internal sealed class GrpcServiceOptionsValidator : IValidateOptions<GrpcServiceOptions>
{
    public ValidateOptionsResult Validate(string? name, GrpcServiceOptions options)
    {
        var errors = new List<string>();
        if (options.MaxSendMessageSize < 0)
            errors.Add("MaxSendMessageSize must not be negative.");
        if (options.MaxReceiveMessageSize < 0)
            errors.Add("MaxReceiveMessageSize must not be negative.");
        if (options.ShutdownDrain < TimeSpan.Zero)
            errors.Add("ShutdownDrain must not be negative.");
        if (options.ResponseCompressionAlgorithm is { } algorithm
            && !options.CompressionProviders.Any(provider => provider.EncodingName == algorithm))
            errors.Add($"ResponseCompressionAlgorithm '{algorithm}' is none of the CompressionProviders.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
