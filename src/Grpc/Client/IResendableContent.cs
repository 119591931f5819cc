namespace Grpc.Net.Client;

/// <summary>A request's body that may be sent once more when the server refused the call unseen.</summary>
internal interface IResendableContent
{
    /// <summary>Waits until the body is not being sent any more; false where a part of it is gone.</summary>
    ValueTask<bool> CanSendAgainAsync();
}
